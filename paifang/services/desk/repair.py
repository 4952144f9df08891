"""What follows a repair of the configuration by hand, in the admin."""

import logging
from collections.abc import Sequence

from django.db.models import Model

from paifang.ledger.faults import LedgerFault
from paifang.services.desk import audit
from paifang.services.desk.compile import publish

log = logging.getLogger(__name__)


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
