"""How phones on the network reach this server, and what their browsers are asked to trust.

The runtime knows settings, ports and files; it hands this value to the desk, which shows it on the
enrolment page and in the QR of a pairing. Private keys are not part of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

IPAddress = IPv4Address | IPv6Address


class Trust(StrEnum):
    """Whose certificate HTTPS is served with."""

    off = "off"
    own = "own"
    given = "given"


def no_addresses() -> Sequence[IPAddress]:
    """Return nothing: a command line run serves nobody."""
    return ()


def no_end() -> int:
    """Return that there is no certificate whose end could be told."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where this server is found.

    Attributes:
        trust: The venue's own certificate, one the operator gave, or no HTTPS.
        name: The host name of the certificate, "" if it has none.
        https_port: Where HTTPS is served, if it is.
        plain_port: Where plain HTTP is served.
        addresses: Returns this machine's addresses under which HTTPS is served at the moment, the
            best first; plain HTTP's if there is no HTTPS.
        plain_addresses: The same for plain HTTP; none where it is served to this machine only.
        ca: The file of the CA's certificate that phones enrol, None if there is none of ours.
        certificate_ends_ms: Returns when the served certificate ends, UTC milliseconds; 0 if it
            cannot be told.
    """

    trust: Trust = Trust.off
    name: str = ""
    https_port: int = 8443
    plain_port: int = 8000
    addresses: Callable[[], Sequence[IPAddress]] = no_addresses
    plain_addresses: Callable[[], Sequence[IPAddress]] = no_addresses
    ca: Path | None = None
    certificate_ends_ms: Callable[[], int] = no_end

    @property
    def origin(self) -> str:
        """The one origin of this venue's terminals, by name; "" without HTTPS or a name.

        Another host in the address is another origin, whose terminals would have another store.
        """
        return _url("https", self.name, self.https_port) if self.name else ""

    @property
    def origin_by_address(self) -> str:
        """The same server by its address, for phones that do not find names in .local; or "".

        Only our own certificate names addresses; with one that was given each would be warned of.
        """
        if self.trust is not Trust.own:
            return ""
        return _first("https", self.addresses(), self.https_port)

    @property
    def plain_by_address(self) -> str:
        """Plain HTTP by address, "" where it is served to this machine only."""
        return _first("http", self.plain_addresses(), self.plain_port)

    @property
    def enrolment(self) -> str:
        """The enrolment page as a phone that was not set up yet can open it, "" if none can.

        By plain HTTP if that is served to the network; else by HTTPS, whose warning the phone has
        to pass once.
        """
        base = self.plain_by_address or self.origin_by_address or self.origin
        return f"{base}/enrol" if base else ""


def _first(scheme: str, addresses: Sequence[IPAddress], port: int) -> str:
    """Return the URL of the best address, "" if there is none."""
    for address in addresses:
        return _url(scheme, str(address) if address.version == 4 else f"[{address}]", port)
    return ""


def _url(scheme: str, host: str, port: int) -> str:
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{host}" if port == usual else f"{scheme}://{host}:{port}"
