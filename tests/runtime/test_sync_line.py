"""The address of a centre: HTTPS, or this machine itself."""

import pytest

from paifang.runtime.sync_line import AddressError, HttpLine, check_address
from paifang.services.live.sync_host import LineFault


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://tickets.example.org/desk/", "https://tickets.example.org"),
        ("https://tickets.example.org:8443", "https://tickets.example.org:8443"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_host_and_port(typed: str, address: str) -> None:
    assert check_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        *("", "tickets.example.org", "ftp://example.org", "https://", "https://a:b@example.org"),
        *("http://example.org", "http://192.168.1.5:8000", "https://example.org:99999"),
    ],
)
def test_what_is_none_or_would_tell_names_to_everybody_is_refused(typed: str) -> None:
    with pytest.raises(AddressError):
        check_address(typed)


@pytest.mark.http
def test_nobody_there_is_a_fault_of_the_line() -> None:
    with pytest.raises(LineFault) as fault:
        HttpLine("http://127.0.0.1:1").post("/", b"", {})
    assert fault.value.code == "unreachable"
