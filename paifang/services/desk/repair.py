"""What follows a change of the configuration by hand, on a page or in the admin."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db.models import Model

from paifang.ledger.faults import LedgerFault
from paifang.services.desk import audit
from paifang.services.desk.compile import publish

log = logging.getLogger(__name__)


class Told:
    """Whether the gates heard of a change."""

    ok = True


@contextmanager
def told_the_gates() -> Iterator[Told]:
    """Change configuration and bring it into force; `ok` turns False if that has to wait.

    What was changed is kept in any case, and comes into force with the next change or within the
    hour.
    """
    told = Told()
    try:
        yield told
    except LedgerFault as fault:
        log.warning("a change was not published: %s", fault.code)
        told.ok = False


def configuration_changed(row: Model, *, who: str, changed: Sequence[str]) -> bool:
    """Write a repair down and bring it into force at the gates.

    Args:
        row: What was changed.
        who: The superuser's name.
        changed: Which fields.

    Returns:
        False if the row is kept, but the gates could not be told yet.
    """
    subject = f"{type(row).__name__} {row.pk}: {', '.join(changed)}"
    audit.record("repair", who=who, subject=subject)
    try:
        publish(who)
    except LedgerFault as fault:
        log.warning("a repair was not published: %s", fault.code)
        return False
    return True
