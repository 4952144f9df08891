"""This machine's addresses on its networks, for the certificate and for what is printed."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

IPAddress = IPv4Address | IPv6Address

_IPV4: Final = Path("/proc/net/fib_trie")
_IPV6: Final = Path("/proc/net/if_inet6")
_LOCAL: Final = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")


def own_addresses() -> tuple[IPAddress, ...]:
    """Return every address of this machine, ascending, IPv4 first; loopback is among them."""
    found = {*_from_kernel(), *_from_name(), ip_address("127.0.0.1"), ip_address("::1")}
    return tuple(sorted(found, key=lambda address: (address.version, int(address))))


def network_addresses() -> tuple[IPAddress, ...]:
    """Return the addresses under which others on the network may reach this machine."""
    return tuple(
        address
        for address in own_addresses()
        if not address.is_loopback and not address.is_link_local
    )


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
