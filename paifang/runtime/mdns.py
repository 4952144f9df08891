"""Announces the venue's name on the network (mDNS, RFC 6762), so that phones find the host by it.

In the desk process: the gates' process neither waits for it nor pays for it. Without multicast, or
without this module, phones still reach the host by its address.
"""

import logging
import threading
from typing import Final

from zeroconf import Error, InterfaceChoice, IPVersion, ServiceInfo, Zeroconf

from paifang.services.desk.reach import IPAddress, Reach

log = logging.getLogger("paifang.desk")

KIND: Final = "_https._tcp.local."
CHECK_S: Final = 30
"""How often this machine's addresses are looked at; a cable or a Wi-Fi comes and goes."""


class Announcer:
    """Keeps the venue's name announced under the addresses of the moment."""

    def __init__(self, reach: Reach) -> None:
        """Take how the server is reached; nothing is announced yet."""
        self._reach = reach
        self.announced: tuple[IPAddress, ...] = ()
        self._responder: Zeroconf | None = None

    def keep(self, stop: threading.Event) -> None:
        """Announce until told to stop; what cannot be announced is logged and tried again."""
        try:
            while True:
                self.update()
                if stop.wait(CHECK_S):
                    return
        finally:
            self.withdraw()

    def update(self) -> bool:
        """Announce the addresses of this moment if they are others than before; whether it could.

        A change is announced anew from the start, because the sockets belong to interfaces, which
        may be gone.
        """
        addresses = tuple(self._reach.addresses())
        if addresses == self.announced:
            return True
        try:
            self.withdraw()
            if addresses:
                self._announce(addresses)
        except (OSError, Error) as error:
            log.warning(
                "%s cannot be announced on the network: %s",
                self._reach.name,
                # As text: the error itself would keep what its frames hold, sockets among it.
                str(error) or type(error).__name__,
            )
            self.withdraw()
            return False
        self.announced = addresses
        return True

    def withdraw(self) -> None:
        """Take the name back, so that phones forget it at once; harmless if it is not announced."""
        responder, self._responder = self._responder, None
        self.announced = ()
        if responder is not None:
            responder.close()

    def _announce(self, addresses: tuple[IPAddress, ...]) -> None:
        by_v4 = [str(address) for address in addresses if address.version == 4]
        self._responder = Zeroconf(
            interfaces=by_v4 or InterfaceChoice.All,
            ip_version=IPVersion.V4Only if by_v4 else IPVersion.V6Only,
        )
        venue = self._reach.name.removesuffix(".local")
        info = ServiceInfo(
            KIND,
            f"Paifang {venue.removeprefix('paifang-')}.{KIND}",
            server=f"{self._reach.name}.",
            port=self._reach.https_port,
            addresses=[address.packed for address in addresses],
            properties={"path": "/"},
        )
        # A spare of the same venue may be up: the service gets a number, the host keeps its name.
        self._responder.register_service(info, allow_name_change=True)
        log.info("announced %s at %s", self._reach.name, " ".join(map(str, addresses)))


def keep_announced(reach: Reach, stop: threading.Event) -> None:
    """Announce a server until told to stop."""
    Announcer(reach).keep(stop)
