"""The book of manual acts."""

from django.db import transaction

from paifang.core import limits
from paifang.services.desk.sealing import wake
from paifang.store.models import AuditEntry
from paifang.store.models.people import USERNAME_CHARS_MAX


def record(what: str, *, who: str = "", subject: str = "", why: str = "", where: str = "") -> None:
    """Write down an act done by hand.

    Args:
        what: Which act, as a stable word such as `sign_in`.
        who: The username, "" for nobody in particular.
        subject: To what; ids and slugs, nothing personal.
        why: The reason in the person's own words.
        where: The address it came from.
    """
    AuditEntry.objects.create(
        who=who[:USERNAME_CHARS_MAX],
        what=what,
        subject=subject[: limits.FIELD_CHARS_MAX],
        why=why[: limits.REASON_TEXT_CHARS_MAX],
        where=where[:64],
    )
    # What is rolled back was never done; what is kept gets its place in the chain at once.
    transaction.on_commit(wake)
