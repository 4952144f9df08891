"""Views of the list that are kept: a name for a set of filters, one's own or everybody's."""

from django.db import IntegrityError, transaction
from django.db.models import Q

from paifang.core import limits
from paifang.services.desk import audit
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.filters import Filters, filters_of
from paifang.store.models import TicketView


class ViewError(Exception):
    """A view cannot be kept; `code` is stable."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


def views_for(by: Actor) -> list[tuple[TicketView, Filters]]:
    """Return the views somebody may choose from: their own and those shared with all."""
    by.require(Act.find_tickets)
    rows = TicketView.objects.filter(Q(owner=by.name) | Q(is_shared=True))
    return [(row, filters_of(row.query)) for row in rows[: limits.VIEWS_SHOWN_MAX]]


def keep_view(name: str, filters: Filters, *, is_shared: bool, by: Actor) -> TicketView:
    """Keep filters under a name, without the text that was searched for: it may be a person's.

    Raises:
        NotPermitted: They may not find tickets.
        ViewError: name_missing, name_taken, nothing_chosen or too_many.
    """
    by.require(Act.find_tickets)
    named = " ".join(name.split())[: limits.VIEW_NAME_CHARS_MAX]
    query = filters._replace(text="").as_query()
    if not named:
        raise ViewError("name_missing")
    if not query:
        raise ViewError("nothing_chosen")
    if TicketView.objects.filter(owner=by.name).count() >= limits.VIEWS_OWN_MAX:
        raise ViewError("too_many")
    try:
        with transaction.atomic():
            row = TicketView.objects.create(
                owner=by.name, name=named, is_shared=is_shared, query=query
            )
            audit.record("view_kept", who=by.name, subject=row.pk.hex, where=by.where)
    except IntegrityError as error:
        raise ViewError("name_taken") from error
    return row


def drop_view(view: str, *, by: Actor) -> bool:
    """Drop one of one's own views; False if it is not there."""
    by.require(Act.find_tickets)
    dropped, _ = TicketView.objects.filter(owner=by.name, pk=view).delete()
    if dropped:
        audit.record("view_dropped", who=by.name, subject=view, where=by.where)
    return bool(dropped)
