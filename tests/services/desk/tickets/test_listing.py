"""The list of tickets: what fits the filters, every ticket once, never more than a page's work."""

import itertools

import pytest

from paifang.core import limits
from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.ledger.commands import SetStatus
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.desk.projector import project_all
from paifang.services.desk.search import QueryShortError
from paifang.services.desk.tickets.filters import Filters, Used, filters_of
from paifang.services.desk.tickets.listing import count_of, tickets_page
from tests.desk_makers import Venue, commit, issue, make_venue, shown

MANAGER = Actor("eve", Role.manager)


def holders(desk: DeskContext, filters: Filters) -> list[str]:
    """Read the whole list, page by page."""
    found, after = [], None
    for _ in range(100):
        page = tickets_page(desk.ledger.rules(), filters, by=MANAGER, after=after)
        found += [row.holder for row in page.rows]
        if page.after is None:
            return found
        after = page.after
    raise AssertionError("the list does not end")


def fair(desk: DeskContext) -> Venue:
    """Eight guests: the third is blocked, the fourth void, the first two have entered."""
    venue = make_venue()
    guests = [
        Attendee(name=f"Guest {n}", reference=f"R-{n}", company=["茶庄", "Oak & Co"][n % 2])
        for n in range(8)
    ]
    issued = issue(desk, venue, guests)
    for n in range(2):
        commit(desk, shown(desk, venue, issued[n].code, f"in-{n}"))
    commit(desk, SetStatus(ticket=issued[2].command.ticket, status=Status.blocked))
    commit(desk, SetStatus(ticket=issued[3].command.ticket, status=Status.void))
    project_all()
    return venue


def test_every_filter_gives_what_fits_newest_first(
    desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = fair(desk)
    other = make_venue("gala", number=2)
    issue(desk, other, [Attendee(name="Elsewhere", company="茶庄")])
    project_all()
    monkeypatch.setattr(limits, "LIST_ROWS", 2)
    all_of_fair = [f"Guest {n}" for n in range(7, -1, -1)]
    assert holders(desk, Filters()) == ["Elsewhere", *all_of_fair]
    assert holders(desk, Filters(event=venue.event.number)) == all_of_fair
    assert holders(desk, Filters(product=other.product.number)) == ["Elsewhere"]
    assert holders(desk, Filters(status=Status.blocked)) == ["Guest 2"]
    assert holders(desk, Filters(status=Status.valid, event=1)) == [
        name for name in all_of_fair if name not in {"Guest 2", "Guest 3"}
    ]
    assert holders(desk, Filters(used=Used.yes)) == ["Guest 1", "Guest 0"]
    assert holders(desk, Filters(used=Used.no, status=Status.void)) == ["Guest 3"]
    assert holders(desk, Filters(company="茶庄")) == ["Elsewhere", *all_of_fair[1::2]]
    assert holders(desk, Filters(company="oak & co", used=Used.yes)) == ["Guest 1"]
    assert holders(desk, Filters(company="茶", event=1)) == []
    assert holders(desk, Filters(text="Guest 5")) == ["Guest 5"]
    assert holders(desk, Filters(text="gue", used=Used.yes)) == ["Guest 0", "Guest 1"]
    assert tickets_page(desk.ledger.rules(), Filters(text="gue"), by=MANAGER).looked_at


def test_what_is_rare_is_looked_for_further_and_found_once(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair(sqlite_desk)
    monkeypatch.setattr(limits, "LIST_ROWS", 2)
    for scan in (3, 4, 5):
        monkeypatch.setattr(limits, "LIST_SCAN_MAX", scan)
        monkeypatch.setattr(limits, "LIST_COMPANY_SCAN_MAX", scan)
        assert holders(sqlite_desk, Filters(used=Used.yes)) == ["Guest 1", "Guest 0"]
        assert holders(sqlite_desk, Filters(company="Oak & Co", used=Used.yes)) == ["Guest 1"]
        first = tickets_page(sqlite_desk.ledger.rules(), Filters(used=Used.yes), by=MANAGER)
        assert first.rows == []
        assert first.looked_at


def test_a_count_says_when_it_stopped_counting(
    desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair(desk)
    assert count_of(Filters()) == (8, False)
    assert count_of(Filters(status=Status.blocked)) == (1, False)
    assert count_of(Filters(event=1, used=Used.yes)) == (2, False)
    assert count_of(Filters(used=Used.no)) == (6, False)
    monkeypatch.setattr(limits, "LIST_COUNT_MAX", 1)
    number, more = count_of(Filters())
    assert (0 < number < 8, more) == (True, True)


def test_a_code_or_serial_in_full_finds_its_ticket(sqlite_desk: DeskContext) -> None:
    venue = make_venue()
    first, second = issue(sqlite_desk, venue, [Attendee(name="Ann"), Attendee(name="Bo")])
    project_all()
    assert holders(sqlite_desk, Filters(text=first.code.lower())) == ["Ann"]
    assert holders(sqlite_desk, Filters(text=second.serial)) == ["Bo"]


def test_a_question_that_is_too_short_is_refused(sqlite_desk: DeskContext) -> None:
    fair(sqlite_desk)
    with pytest.raises(QueryShortError):
        holders(sqlite_desk, Filters(text="茶"))


def test_only_who_may_find_tickets_gets_a_page(sqlite_desk: DeskContext) -> None:
    fair(sqlite_desk)
    for role in (Role.steward, Role.finance, Role.regulator):
        with pytest.raises(NotPermitted):
            tickets_page(sqlite_desk.ledger.rules(), Filters(), by=Actor("x", role))


def test_an_address_that_makes_no_sense_asks_for_all() -> None:
    wrong = {"event": "x", "product": "-1", "session": "9" * 40, "status": "used", "used": "?"}
    assert filters_of(wrong) == Filters()
    for event, used in itertools.product((0, 7), (None, *Used)):
        filters = Filters(event=event, used=used, status=Status.void, company="a&b=c", text="é")
        assert filters_of(filters.as_query()) == filters
