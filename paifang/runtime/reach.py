"""How this server is reached, put together from its settings, its certificate and its addresses."""

from collections.abc import Callable, Sequence
from pathlib import Path

from paifang.runtime.addresses import IPAddress, served_addresses
from paifang.runtime.data_directory import DataDirectory
from paifang.runtime.late import verb
from paifang.runtime.settings import Settings
from paifang.runtime.venue_name import venue_name
from paifang.services.desk.reach import Reach, Trust, no_end


def reach_of(settings: Settings, data: DataDirectory) -> Reach:
    """Return how phones reach a server with these settings.

    Reads public files only. A name that cannot be read is told as none: pages must open all the
    same, and the start has said what is wrong with the certificate.
    """
    trust = {"off": Trust.off, "auto": Trust.own}.get(settings.tls, Trust.given)
    return Reach(
        trust=trust,
        name=_name(trust, settings, data),
        https_port=settings.https.port,
        plain_port=settings.bind.port,
        addresses=_served(settings.bind.host if trust is Trust.off else settings.https.host),
        plain_addresses=_served(settings.bind.host),
        ca=data.tls / "ca.pem" if trust is Trust.own else None,
        certificate_ends_ms=_ends(trust, settings, data),
    )


def _ends(trust: Trust, settings: Settings, data: DataDirectory) -> Callable[[], int]:
    if trust is Trust.off:
        return no_end
    given = Path(settings.tls.partition(",")[0].strip())
    chain = data.tls / "leaf.pem" if trust is Trust.own else given
    # The library for it is loaded when somebody asks.
    return lambda: int(verb("paifang.runtime.tls", "ends_ms")(chain))


def _served(host: str) -> Callable[[], Sequence[IPAddress]]:
    return lambda: served_addresses(host)


def _name(trust: Trust, settings: Settings, data: DataDirectory) -> str:
    if trust is Trust.off:
        return ""
    if trust is Trust.given:
        # Only then are certificates read, and the library for it loaded.
        name: str = verb("paifang.runtime.tls", "given_name")(settings.tls)
        return name
    try:
        return venue_name(data.tls, data.secrets().node)
    except (OSError, ValueError):
        return ""
