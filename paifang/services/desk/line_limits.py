"""How good the line of this venue host must be to be used, as somebody here sets it.

It stands in a file of this machine and nowhere else: it is set while the line is down, too.
"""

from paifang.core.link import LinkLimits
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor


class LimitsError(Exception):
    """Limits cannot be set. `code` is not_a_host, or `wrong` with the member as `subject`."""

    def __init__(self, code: str, subject: str = "") -> None:
        """Keep the code, and what it is about."""
        super().__init__(f"{code} {subject}".strip())
        self.code = code
        self.subject = subject


def limits_here(*, by: Actor) -> LinkLimits:
    """Return how good the line must be. Raises NotPermitted, LimitsError not_a_host."""
    by.require(Act.see_leases)
    if context().centre is None:
        raise LimitsError("not_a_host")
    return context().joined.limits()


def set_limits(limits: LinkLimits, *, by: Actor, why: str = "") -> None:
    """Set how good the line must be, from its next exchange on.

    Raises:
        NotPermitted: `by` may not.
        LimitsError: This is no venue host, or one of them makes no sense.
        OSError: It cannot be written down.
    """
    by.require(Act.manage_nodes)
    if context().centre is None:
        raise LimitsError("not_a_host")
    if wrong := limits.wrong():
        raise LimitsError("wrong", wrong)
    context().joined.keep_limits(limits)
    told = (
        f"{limits.loss_percent} % {limits.latency_ms} ms {limits.kbit} kbit/s "
        f"{limits.bad_windows}/{limits.good_windows}"
    )
    audit.record("line_limits_set", who=by.name, subject=told, why=why, where=by.where)
