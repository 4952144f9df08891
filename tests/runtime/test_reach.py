"""Where phones are told to go: only to what is served, the best first, and never to a secret."""

import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from paifang.runtime import addresses
from paifang.runtime.addresses import network_addresses, own_addresses, served_addresses
from paifang.runtime.data_directory import DataDirectory, open_data
from paifang.runtime.greeting import greeting
from paifang.runtime.reach import reach_of
from paifang.runtime.settings import Settings, parse_address
from paifang.runtime.tls import own_certificate
from paifang.runtime.venue_name import own_name
from paifang.services.desk.reach import IPAddress, Reach, Trust
from paifang.services.live.fingerprints import fingerprints

LAN, BRIDGE, LAN6, PUBLIC = (
    ip_address(text) for text in ("192.168.4.2", "172.17.0.1", "fd00::2", "203.0.113.7")
)


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    return open_data(tmp_path / "data")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on a network, with a bridge to its containers and a public address."""
    here = (ip_address("127.0.0.1"), BRIDGE, LAN, PUBLIC, ip_address("fe80::1"), LAN6)
    monkeypatch.setattr(addresses, "own_addresses", lambda: here)
    monkeypatch.setattr(addresses, "_facing", lambda _elsewhere: LAN)


def settings(data: DataDirectory, **given: str) -> Settings:
    return Settings.from_environment({"PAIFANG_DATA": str(data.path)}, **given)


def test_the_address_on_the_way_out_comes_first_and_a_public_one_last() -> None:
    assert network_addresses() == (LAN, BRIDGE, LAN6, PUBLIC)


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("0.0.0.0", (LAN, BRIDGE, PUBLIC)),
        ("::", (LAN, BRIDGE, LAN6, PUBLIC)),
        ("127.0.0.1", ()),
        ("localhost", ()),
        ("192.168.4.2", (LAN,)),
    ],
)
def test_only_what_a_port_answers_on_is_told(host: str, served: tuple[IPAddress, ...]) -> None:
    assert served_addresses(host) == served


def test_the_venue_has_one_origin_and_phones_can_read_the_page(data: DataDirectory) -> None:
    reach = reach_of(settings(data, bind="0.0.0.0:8000"), data)
    assert reach.origin == f"https://{own_name(data.secrets().node)}:8443"
    assert reach.origin_by_address == "https://192.168.4.2:8443"
    assert reach.enrolment == "http://192.168.4.2:8000/enrol"


def test_plain_http_of_this_machine_only_is_no_way_for_phones(data: DataDirectory) -> None:
    reach = reach_of(settings(data, bind="127.0.0.1:8000"), data)
    assert reach.plain_by_address == ""
    assert reach.enrolment == "https://192.168.4.2:8443/enrol"


def test_a_machine_without_a_network_tells_its_name_and_no_empty_address(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "own_addresses", lambda: (ip_address("127.0.0.1"),))
    reach = reach_of(settings(data, bind="0.0.0.0:8000"), data)
    assert (reach.origin_by_address, reach.plain_by_address) == ("", "")
    assert reach.enrolment == f"{reach.origin}/enrol"
    monkeypatch.setattr(addresses, "own_addresses", lambda: (LAN,))
    assert reach.enrolment == "http://192.168.4.2:8000/enrol"


def test_without_https_there_is_no_name_and_no_ca(data: DataDirectory) -> None:
    reach = reach_of(settings(data, bind="0.0.0.0:80", tls="off"), data)
    assert (reach.trust, reach.origin, reach.origin_by_address, reach.ca) == (
        Trust.off,
        "",
        "",
        None,
    )
    assert reach.enrolment == "http://192.168.4.2/enrol"


def given_chain(directory: Path, *names: str) -> str:
    """Return `CERT,KEY` of a certificate for these names, as an operator brings it."""
    key, subject = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=9))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    chain = directory / "chain.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return f"{chain},{directory / 'never-read.key'}"


@pytest.mark.parametrize(
    ("names", "origin"),
    [
        (("gate.example.org", "www.example.org"), "https://gate.example.org"),
        (("*.example.org", "gate.example.org"), "https://gate.example.org"),
        (("*.example.org",), ""),
    ],
)
def test_a_given_certificate_tells_its_own_name(
    data: DataDirectory, tmp_path: Path, names: tuple[str, ...], origin: str
) -> None:
    chosen = settings(data, tls=given_chain(tmp_path, *names), tls_bind="0.0.0.0:443")
    reach = reach_of(chosen, data)
    assert (reach.trust, reach.origin, reach.ca) == (Trust.given, origin, None)
    assert reach.addresses()
    assert reach.origin_by_address == ""


def test_a_given_certificate_that_is_gone_leaves_pages_open(data: DataDirectory) -> None:
    assert reach_of(settings(data, tls="/nowhere/a,/nowhere/b"), data).origin == ""


def test_a_name_that_cannot_be_read_is_told_as_none(data: DataDirectory) -> None:
    data.tls.mkdir()
    (data.tls / "name").write_text("bank.example")
    assert reach_of(settings(data), data).name == ""


def test_the_host_prints_the_number_that_phones_compare(data: DataDirectory) -> None:
    found = own_certificate(data.tls, data.secrets().node, [LAN])
    assert found.ca is not None
    ca = x509.load_pem_x509_certificate(found.ca.read_bytes())
    shown = fingerprints(ca.public_bytes(serialization.Encoding.DER))
    said = greeting(reach_of(settings(data, bind="0.0.0.0:8000"), data))
    for text in (shown.digits, shown.sha256, own_name(data.secrets().node), ":8000/enrol"):
        assert text in said


def test_the_host_prints_nothing_that_is_not_there(data: DataDirectory) -> None:
    assert greeting(Reach()) == ""
    with pytest.raises(OSError, match=r"ca\.pem"):
        greeting(reach_of(settings(data), data))


def test_the_name_server_is_asked_only_where_the_kernel_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    asked: list[str] = []

    def answer(name: str, *_rest: object) -> list[tuple[object, ...]]:
        asked.append(name)
        return [(2, 1, 6, "", (str(LAN), 0)), (10, 1, 6, "", (f"{LAN6}%eth0", 0, 0, 2))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    own_addresses()
    assert asked == []
    monkeypatch.setattr(addresses, "_IPV4", tmp_path / "none")
    monkeypatch.setattr(addresses, "_IPV6", tmp_path / "none")
    assert {LAN, LAN6} <= set(own_addresses())
    assert len(asked) == 1


def test_this_machines_real_addresses_are_found_and_loopback_is_none_of_the_networks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    assert ip_address("127.0.0.1") in own_addresses()
    assert not any(a.is_loopback or a.is_link_local for a in network_addresses())
    assert parse_address("[::]:1", "--bind").host == "::"
