"""The venue's name on the network, asked for by a second mDNS program as a phone would."""

import gc
import logging
import threading
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address

import pytest
from zeroconf import (  # type: ignore[attr-defined]  # one of them is missing in its list
    AddressResolverIPv4,
    IPVersion,
    ServiceBrowser,
    ServiceStateChange,
    Zeroconf,
)

from paifang.runtime import mdns
from paifang.runtime.mdns import KIND, Announcer
from paifang.services.desk.reach import IPAddress, Reach, Trust

pytestmark = pytest.mark.http

NAME = "paifang-7e57.local"
HERE = ip_address("127.0.0.1")
WITHIN_MS = 15_000


@pytest.fixture
def phone() -> Iterator[Zeroconf]:
    """Another program on the same network."""
    with Zeroconf(interfaces=[str(HERE)], ip_version=IPVersion.V4Only) as asking:
        yield asking


class Network:
    """The addresses of a machine, which change."""

    def __init__(self, *addresses: IPAddress) -> None:
        self.addresses: tuple[IPAddress, ...] = addresses

    @property
    def reach(self) -> Reach:
        return Reach(trust=Trust.own, name=NAME, https_port=9443, addresses=lambda: self.addresses)


def resolved(phone: Zeroconf) -> list[str]:
    """Return the addresses a phone finds for the name, [] if nobody answers."""
    asked = AddressResolverIPv4(f"{NAME}.")
    asked.request(phone, 3_000)
    return asked.parsed_addresses()


def until(phone: Zeroconf, expected: list[str]) -> list[str]:
    """Ask until the answer is the expected one or patience ends; return the last answer."""
    deadline = time.monotonic() + WITHIN_MS / 1000
    while (found := resolved(phone)) != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def test_a_phone_finds_the_name_and_the_service(phone: Zeroconf) -> None:
    seen = threading.Event()
    found: list[str] = []

    def on_change(
        zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is ServiceStateChange.Added and name.startswith("Paifang 7e57"):
            found.append(name)
            seen.set()

    announcer = Announcer(Network(HERE).reach)
    browser = ServiceBrowser(phone, KIND, handlers=[on_change])
    try:
        assert announcer.update()
        assert until(phone, [str(HERE)]) == [str(HERE)]
        assert seen.wait(WITHIN_MS / 1000)
        info = phone.get_service_info(KIND, found[0], WITHIN_MS)
        assert info is not None
        assert (info.server, info.port) == (f"{NAME}.", 9443)
        assert info.parsed_addresses() == [str(HERE)]
    finally:
        browser.cancel()
        announcer.withdraw()


def test_a_changed_address_is_announced_and_an_unchanged_one_is_left_alone(
    phone: Zeroconf, caplog: pytest.LogCaptureFixture
) -> None:
    network = Network(HERE)
    announcer = Announcer(network.reach)
    caplog.set_level(logging.INFO, "paifang.desk")
    try:
        assert announcer.update()
        assert announcer.update()
        assert len(caplog.records) == 1
        network.addresses = (HERE, IPv4Address("127.0.0.2"))
        assert announcer.update()
        assert len(caplog.records) == 2
        assert sorted(until(phone, ["127.0.0.1", "127.0.0.2"])) == ["127.0.0.1", "127.0.0.2"]
        network.addresses = ()
        assert announcer.update()
        assert announcer.announced == ()
    finally:
        announcer.withdraw()


# The library lets go of a socket without closing it when one of several cannot be opened.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_network_that_does_not_allow_it_is_logged_and_tried_again(
    caplog: pytest.LogCaptureFixture, phone: Zeroconf
) -> None:
    # An address of nobody here: no socket can be bound to it.
    network = Network(ip_address("203.0.113.77"))
    announcer = Announcer(network.reach)
    with caplog.at_level(logging.WARNING, "paifang.desk"):
        assert not announcer.update()
    assert NAME in caplog.text
    gc.collect()
    network.addresses = (HERE,)
    try:
        assert announcer.update()
        assert until(phone, [str(HERE)]) == [str(HERE)]
    finally:
        announcer.withdraw()


def test_a_stop_ends_it_and_takes_the_name_back(
    phone: Zeroconf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mdns, "CHECK_S", 0.1)
    stop = threading.Event()
    thread = threading.Thread(target=mdns.keep_announced, args=(Network(HERE).reach, stop))
    thread.start()
    assert until(phone, [str(HERE)]) == [str(HERE)]
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    # A newcomer on the network has nothing remembered.
    with Zeroconf(interfaces=[str(HERE)], ip_version=IPVersion.V4Only) as newcomer:
        assert resolved(newcomer) == []


def test_addresses_of_both_kinds_are_told(phone: Zeroconf) -> None:
    here6 = ip_address("fd00::7e57")
    announcer = Announcer(Network(HERE, here6).reach)
    try:
        assert announcer.update()
        info = phone.get_service_info(KIND, f"Paifang 7e57.{KIND}", WITHIN_MS)
        assert info is not None
        assert set(info.parsed_addresses(IPVersion.All)) == {str(HERE), str(here6)}
    finally:
        announcer.withdraw()
