"""What terminals tell of themselves every few seconds, for the manager's list."""

from paifang.services.live.bodies_terminals import StatusBody
from paifang.services.live.callers import Caller
from paifang.store.models import TerminalStatus


def keep_status(caller: Caller, body: StatusBody, now_ms: int) -> None:
    """Keep what a terminal told; `now_ms` is the server's time (UTC ms)."""
    battery = body.battery if isinstance(body.battery, int) else None
    charging = body.charging if isinstance(body.charging, bool) else None
    TerminalStatus.objects.update_or_create(
        terminal_id=caller.terminal.id,
        defaults={
            "seen_at_ms": now_ms,
            "version": body.version,
            "unsent": body.unsent,
            "clock_offset_ms": body.clock_ms - now_ms,
            "battery": battery,
            "charging": charging,
            "staff": caller.staff,
        },
    )
