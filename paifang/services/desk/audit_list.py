"""Reading the book of manual acts: searched, page by page, newest first."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from paifang.core import limits
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import AuditEntry

PAGE_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """What is looked for; empty members let everything pass. Days are of the place's clock.

    `altered` leaves those that are no longer as they were sealed.
    """

    who: str = ""
    what: str = ""
    text: str = ""
    first: date | None = None
    last: date | None = None
    altered: bool = False


class AuditPage(NamedTuple):
    """Entries, newest first, and the id behind which the next page begins, None at the end."""

    entries: list[AuditEntry]
    before: UUID | None


def entries(filters: AuditFilters, zone: tzinfo, *, by: Actor) -> QuerySet[AuditEntry]:
    """Return the entries that fit, newest first. Raises NotPermitted."""
    by.require(Act.see_audit)
    found = AuditEntry.objects.order_by("-id")
    if filters.who:
        found = found.filter(who__icontains=filters.who)
    if filters.what:
        found = found.filter(what=filters.what)
    if filters.text:
        found = found.filter(
            Q(subject__icontains=filters.text)
            | Q(why__icontains=filters.text)
            | Q(where__icontains=filters.text)
        )
    if filters.first:
        found = found.filter(at__gte=datetime.combine(filters.first, time(), zone))
    if filters.last:
        after = datetime.combine(filters.last + timedelta(days=1), time(), zone)
        found = found.filter(at__lt=after)
    if filters.altered:
        found = found.filter(altered=True)
    return found


def audit_page(
    filters: AuditFilters, zone: tzinfo, *, by: Actor, before: UUID | None = None
) -> AuditPage:
    """Return one page of the entries that fit. Raises NotPermitted."""
    found = entries(filters, zone, by=by)
    if before is not None:
        # Ids are of version 7: they follow the time.
        found = found.filter(id__lt=before)
    rows = list(found[: PAGE_ROWS + 1])
    shown = rows[:PAGE_ROWS]
    return AuditPage(shown, shown[-1].pk if len(rows) > PAGE_ROWS else None)


def altered_count(by: Actor) -> int:
    """Return how many acts are no longer as they were sealed. Raises NotPermitted."""
    by.require(Act.see_audit)
    return AuditEntry.objects.filter(altered=True).count()


def acts_there(by: Actor) -> list[str]:
    """Return which acts stand in the book, to choose from. Raises NotPermitted."""
    by.require(Act.see_audit)
    found = AuditEntry.objects.order_by("what").values_list("what", flat=True).distinct()
    return list(found[: limits.AUDIT_ACTS_MAX])
