"""This machine's addresses on its networks, for the certificate and for what is printed."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

IPAddress = IPv4Address | IPv6Address

PRIVATE_NETWORKS: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
        *("169.254.0.0/16", "127.0.0.0/8", "fe80::/10", "::1/128"),
        "fc00::/7",  # RFC 4193, the private addresses of IPv6
    )
)
"""What a venue's own CA may vouch for."""

_IPV4: Final = Path("/proc/net/fib_trie")
_IPV6: Final = Path("/proc/net/if_inet6")
_LOCAL: Final = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
# Addresses nobody has (RFC 5737, RFC 3849): only the way to them is asked for.
_ELSEWHERE: Final = (("203.0.113.1", 9), ("2001:db8::1", 9))


def own_addresses() -> tuple[IPAddress, ...]:
    """Return every address of this machine, ascending, IPv4 first; loopback is among them."""
    # Asked by name only where the kernel tells nothing: without a name server that takes seconds.
    listed = set(_from_kernel()) or set(_from_name())
    found = {*listed, ip_address("127.0.0.1"), ip_address("::1")}
    return tuple(sorted(found, key=lambda address: (address.version, int(address))))


def is_private(address: IPAddress) -> bool:
    """Whether the venue's CA may vouch for an address; one that is public spoils a whole leaf."""
    return any(address in network for network in PRIVATE_NETWORKS)


def network_addresses() -> tuple[IPAddress, ...]:
    """Return the addresses under which others on the network may reach this machine.

    Those the certificate may name come first, among them the one that faces the network's way out:
    further ones are often of bridges between containers, which no phone can reach.
    """
    facing = {_facing(network) for network in _ELSEWHERE}
    found = (a for a in own_addresses() if not a.is_loopback and not a.is_link_local)
    return tuple(
        sorted(found, key=lambda a: (not is_private(a), a not in facing, a.version, int(a)))
    )


def served_addresses(host: str) -> tuple[IPAddress, ...]:
    """Return those of `network_addresses` that a port bound to a host answers on.

    Args:
        host: What the port is bound to, such as 0.0.0.0, ::, 192.168.1.5 or localhost.
    """
    found = network_addresses()
    if host == "::":
        return found
    if host == "0.0.0.0":  # noqa: S104 - read, not bound
        return tuple(a for a in found if a.version == 4)
    return tuple(a for a in found if str(a) == host)


def _facing(elsewhere: tuple[str, int]) -> IPAddress | None:
    """Return the address this machine would speak from, as its routes say; nothing is sent."""
    family = socket.AF_INET6 if ":" in elsewhere[0] else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(elsewhere)
        return ip_address(str(probe.getsockname()[0]).partition("%")[0])
    return None


def _from_kernel() -> Iterator[IPAddress]:
    """Yield what Linux lists; nothing on other systems."""
    with suppress(OSError):
        for text in _LOCAL.findall(_IPV4.read_text()):
            yield ip_address(text)
    with suppress(OSError):
        for line in _IPV6.read_text().splitlines():
            yield IPv6Address(int(line.split()[0], 16))


def _from_name() -> Iterator[IPAddress]:
    with suppress(OSError):
        for *_, address in socket.getaddrinfo(socket.gethostname(), None):
            with suppress(ValueError):
                yield ip_address(str(address[0]).partition("%")[0])
