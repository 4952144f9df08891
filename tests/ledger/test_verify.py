"""`verify` says clean of what is, on both engines, and names what was changed behind its back."""

import hashlib
import itertools
from typing import Any

import pytest

from paifang.core import limits
from paifang.core.tickets import Passage, Status
from paifang.ledger import tables as t
from paifang.ledger.commands import (
    Bind,
    Confirm,
    Credential,
    Enclosure,
    Erase,
    Exchange,
    Hold,
    Release,
    SetQuota,
    SetStatus,
)
from paifang.ledger.findings import FINDINGS_MAX
from paifang.ledger.rows import Aftermath, EnclosureRow, PageRow, Request, SessionCount, ZoneDay
from paifang.ledger.verify import verify
from tests.ledger import world
from tests.ledger.forging import change, checked, codes, found, put, remove
from tests.ledger.venue import Venue, key

BODY = (Enclosure("person", b"s" * 32, b"Li Lei"),)
MINUTE_MS = 60_000


def play(venue: Venue) -> Venue:
    """Let a day go by: everything a ledger can record, at least once."""
    venue.issue("single", enclosures=BODY)
    venue.issue("again", world.RE_ENTRY, people=2, identity=key("row 1"), content=b"1")
    venue.do(
        venue.issue_command(
            "again", world.RE_ENTRY, people=2, identity=key("row 1"), content=b"2", holder="Han"
        )
    )
    venue.issue("season", world.SEASON)
    venue.issue("gala", world.GALA, session=3)
    venue.issue("voucher", world.VOUCHER, enclosures=BODY)
    venue.admit("single", request_id="first")
    venue.says("single")
    for _ in range(2):
        venue.admit("again", request_id=f"in {_}")
        venue.leaves("again")
    venue.admit("season", request_id="season")
    venue.passage("season", Passage.not_shown)
    venue.annul("season")
    venue.admit("gala", request_id="gala")
    venue.annul("gala")
    venue.override("single")
    venue.do(
        Exchange(request_id="x", lookups=(key("voucher"),), fresh=Credential("code", key("v")))
    )
    venue.do(
        Exchange(request_id="y", lookups=(key("voucher"),), fresh=Credential("code", key("w")))
    )
    ticket = key("ticket voucher")
    venue.do(Bind(request_id="card", ticket=ticket, credential=Credential("card", key("card"))))
    venue.do(SetStatus(request_id="block", ticket=ticket, status=Status.blocked))
    venue.do(Erase(request_id="erase", ticket=ticket))
    venue.do(SetQuota(request_id="q", quota="seats", segment=venue.home, capacity=4))
    for name in ("sold", "let go", "expired", "open"):
        venue.do(Hold(request_id=name, hold=name, quota="seats", units=1, for_ms=MINUTE_MS))
    venue.do(Confirm(request_id="c", hold="sold"))
    venue.do(Release(request_id="r", hold="let go"))
    venue.clock.forward(minutes=1)
    venue.do(Hold(request_id="2", hold="two", quota="seats", units=2, for_ms=MINUTE_MS))
    venue.do(Hold(request_id="9", hold="nine", quota="seats", units=9, for_ms=MINUTE_MS))
    return venue


@pytest.fixture
def day(sqlite_venue: Venue, monkeypatch: pytest.MonkeyPatch) -> Venue:
    """A ledger with a day in it, pages of five rows."""
    monkeypatch.setattr(limits, "PAGE_ROWS_MAX", 5)
    return play(sqlite_venue)


def test_a_ledger_that_was_only_written_by_the_program_is_clean(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAGE_ROWS_MAX", 5)
    report = checked(play(venue))
    assert report.clean, report.findings
    assert (report.segments, report.bundles, report.tickets) == (2, 2, 5)
    assert (report.enclosures, report.erased) == (2, 1)
    assert report.rows == len(venue.rows(t.JOURNAL))
    assert report.pages == len(venue.rows(t.PAGE)) > 3
    assert report.requests == len(venue.rows(t.REQUEST))
    assert report.credentials == len(venue.rows(t.CREDENTIAL))
    assert (report.entitlements, report.holds) == (5, 5)


def test_a_ledger_in_which_nothing_happened_is_clean(sqlite_venue: Venue) -> None:
    assert checked(sqlite_venue).clean


def test_progress_ends_with_all_rows_done(day: Venue) -> None:
    told: list[tuple[int, int]] = []
    reader = day.reader()
    verify(reader.raw, progress=lambda done, total: told.append((done, total)))
    reader.close()
    rows = len(day.rows(t.JOURNAL))
    assert told[-1] == (rows, rows)


def test_what_is_written_meanwhile_disturbs_nothing(venue: Venue) -> None:
    play(venue)
    reader, numbers = venue.reader(), itertools.count()

    def go_on(done: int, total: int) -> None:
        assert done <= total
        venue.issue(f"late {next(numbers)}")

    assert verify(reader.raw, progress=go_on).clean
    assert verify(reader.raw).clean
    reader.close()


def test_versions_of_the_rules_must_be_signed_if_a_signer_is_asked(day: Venue) -> None:
    reader = day.reader()
    report = verify(reader.raw, signer=lambda body, signature: False)
    assert [finding.code for finding in report.findings] == ["bundle_unsigned"] * 2
    assert verify(reader.raw, signer=lambda body, signature: not signature and bool(body)).clean
    reader.close()


def test_findings_say_where_and_what_in_words(day: Venue) -> None:
    change(day, t.ZONE_DAY, ("hall", world.at(0)), entries=99)
    finding = found(day, "zone_differs")
    assert finding.where == f"zone hall {world.at(0)}"
    assert finding.text == "The count of the zone is (99, 2); the journal gives (4, 2)."


def test_findings_are_counted_beyond_those_that_are_kept(day: Venue) -> None:
    for number in range(FINDINGS_MAX + 3):
        put(day, t.ZONE_DAY, ZoneDay("hall", number, 1, 0))
    report = checked(day)
    assert (report.found, len(report.findings)) == (FINDINGS_MAX + 3, FINDINGS_MAX)
    assert not report.clean


TAMPERED: dict[str, Any] = {
    "a changed row of the journal": (
        lambda v: change(v, t.JOURNAL, (v.home, 0, 3), at_ms=1),
        {"page_differs", "head_differs"},
    ),
    "a missing row": (lambda v: remove(v, t.JOURNAL, v.home, 0, 7), {"seq_gap", "page_differs"}),
    "an epoch out of order": (
        lambda v: put(v, t.JOURNAL, v.row(t.JOURNAL, v.home, 0, 3)._replace(epoch=1)),
        {"seq_gap", "head_differs"},
    ),
    "a negative epoch": (
        lambda v: put(v, t.JOURNAL, v.row(t.JOURNAL, v.home, 0, 3)._replace(epoch=-1)),
        {"row_unreadable"},
    ),
    "a segment without a head": (
        lambda v: put(v, t.JOURNAL, v.row(t.JOURNAL, 1, 0, 1)._replace(segment=9)),
        {"unknown_segment"},
    ),
    "a head of another segment": (
        lambda v: change(v, t.HEAD, (2,), site="zoo"),
        {"segment_differs"},
    ),
    "a head nobody opened": (
        lambda v: put(v, t.HEAD, v.row(t.HEAD, 2)._replace(number=7, uuid="f" * 32, period="x")),
        {"segment_unexplained", "head_differs"},
    ),
    "a page in the middle of nowhere": (
        lambda v: put(v, t.PAGE, PageRow(1, 99, 0, 999, 5, b"")),
        {"page_stray"},
    ),
    "a missing page": (lambda v: remove(v, t.PAGE, v.home, 1), {"page_differs", "head_differs"}),
    "a payload that is no fact": (
        lambda v: change(v, t.JOURNAL, (v.home, 0, 3), payload=b"{"),
        {"row_unreadable"},
    ),
    "a payload made a text": (
        lambda v: change(v, t.JOURNAL, (v.home, 0, 3), payload="{}"),
        {"row_unreadable"},
    ),
    "a request id made bytes": (
        lambda v: change(v, t.JOURNAL, (v.home, 0, 3), request_id=b"x"),
        {"row_unreadable"},
    ),
    "a kind nobody knows": (
        lambda v: change(v, t.JOURNAL, (v.home, 0, 3), kind="party"),
        {"row_unreadable"},
    ),
    "a body that was changed": (
        lambda v: change(v, t.ENCLOSURE, v.rows(t.ENCLOSURE)[0][:4], body=b"Han"),
        {"enclosure_altered"},
    ),
    "a body that is gone without erasure": (
        lambda v: change(v, t.ENCLOSURE, v.rows(t.ENCLOSURE)[0][:4], body=b"", salt=b""),
        {"enclosure_lost"},
    ),
    "a body about a ticket that is none": (
        lambda v: change(
            v, t.ENCLOSURE, v.rows(t.ENCLOSURE)[0][:4], body=b"", salt=b"", ticket=b"?"
        ),
        {"enclosure_lost"},
    ),
    "a missing enclosure": (
        lambda v: remove(v, t.ENCLOSURE, *v.rows(t.ENCLOSURE)[-1][:4]),
        {"enclosures_differ"},
    ),
    "an enclosure between the rows": (
        lambda v: put(v, t.ENCLOSURE, EnclosureRow(1, -1, 0, 0, b"", "x", b"", b"", b"")),
        {"enclosure_stray"},
    ),
    "an enclosure behind the rows": (
        lambda v: put(v, t.ENCLOSURE, EnclosureRow(99, 0, 0, 0, b"", "x", b"", b"", b"")),
        {"enclosure_stray"},
    ),
    "a forgotten request": (lambda v: remove(v, t.REQUEST, "first"), {"request_differs"}),
    "a request that points elsewhere": (
        lambda v: change(v, t.REQUEST, ("first",), seq=1),
        {"request_differs"},
    ),
    "a request without a row": (
        lambda v: put(v, t.REQUEST, Request("new", b"", 1, 0, 999)),
        {"request_differs"},
    ),
    "a version of the rules that was changed": (
        lambda v: change(v, t.BUNDLE, ("centre", 1), body=b"{}"),
        {"bundle_altered"},
    ),
    "a version with another digest": (
        lambda v: change(
            v, t.BUNDLE, ("node", 1), body=b"{}", digest=hashlib.sha256(b"{}").digest()
        ),
        {"bundle_differs"},
    ),
    "a missing version": (lambda v: remove(v, t.BUNDLE, "node", 1), {"bundle_differs"}),
    "a lost ticket": (lambda v: remove(v, t.TICKET, key("ticket single")), {"ticket_missing"}),
    "a ticket from nowhere": (
        lambda v: put(v, t.TICKET, v.rows(t.TICKET)[0]._replace(id=b"\xff" * 16)),
        {"ticket_unissued"},
    ),
    "a ticket made valid again": (
        lambda v: change(v, t.TICKET, (key("ticket voucher"),), status=0),
        {"ticket_differs"},
    ),
    "a status there is not": (
        lambda v: change(v, t.TICKET, (key("ticket single"),), status=128),
        {"ticket_differs"},
    ),
    "a ticket of another product": (
        lambda v: change(v, t.TICKET, (key("ticket single"),), product=2),
        {"ticket_differs"},
    ),
    "a ticket of another segment": (
        lambda v: change(v, t.TICKET, (key("ticket single"),), home=1),
        {"ticket_differs"},
    ),
    "an entitlement moved": (
        lambda v: change(v, t.USE, (key("ticket single"), 0), segment=1),
        {"ticket_differs", "use_missing"},
    ),
    "an entitlement unused again": (
        lambda v: change(v, t.USE, (key("ticket single"), 0), uses=0),
        {"use_differs"},
    ),
    "an entitlement too many": (
        lambda v: put(v, t.USE, v.row(t.USE, key("ticket single"), 0)._replace(n=2)),
        {"use_differs"},
    ),
    "an entitlement of no ticket": (
        lambda v: put(v, t.USE, v.rows(t.USE)[0]._replace(ticket=b"\x00")),
        {"ticket_missing"},
    ),
    "an entitlement behind the last ticket": (
        lambda v: put(v, t.USE, v.rows(t.USE)[0]._replace(ticket=b"\xff" * 16)),
        {"ticket_missing"},
    ),
    "a code that opens another ticket": (
        lambda v: change(v, t.CREDENTIAL, (key("single"),), ticket=key("ticket gala")),
        {"credential_differs"},
    ),
    "a code alive again": (
        lambda v: change(v, t.CREDENTIAL, (key("voucher"),), state=0),
        {"credential_differs"},
    ),
    "a lost zone": (lambda v: remove(v, t.ZONE_DAY), {"zone_differs"}),
    "a session counted otherwise": (
        lambda v: put(v, t.SESSION_COUNT, SessionCount(3, 5)),
        {"session_differs"},
    ),
    "what became of it forgotten": (
        lambda v: remove(v, t.AFTERMATH, "season"),
        {"aftermath_differs"},
    ),
    "what became of another": (
        lambda v: put(v, t.AFTERMATH, Aftermath("first", 1)),
        {"aftermath_differs"},
    ),
    "a quota with more in it": (
        lambda v: change(v, t.QUOTA, ("seats",), capacity=400),
        {"quota_differs"},
    ),
    "a lost quota": (lambda v: remove(v, t.QUOTA, "seats"), {"quota_differs"}),
    "a quota from nowhere": (
        lambda v: put(v, t.QUOTA, v.row(t.QUOTA, "seats")._replace(id="more")),
        {"quota_differs"},
    ),
    "a hold that was sold": (lambda v: change(v, t.HOLD, ("let go",), state=1), {"hold_differs"}),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_behind_its_back_is_found(day: Venue, what: str) -> None:
    tamper, expected = TAMPERED[what]
    tamper(day)
    assert expected <= codes(day)


def test_a_lost_count_of_a_session_is_found(sqlite_venue: Venue) -> None:
    sqlite_venue.issue("gala", world.GALA, session=3)
    sqlite_venue.admit("gala")
    remove(sqlite_venue, t.SESSION_COUNT)
    assert codes(sqlite_venue) == {"session_differs"}


def test_a_count_of_nobody_may_be_missing(sqlite_venue: Venue) -> None:
    sqlite_venue.issue("gala", world.GALA, session=3)
    sqlite_venue.admit("gala", request_id="gala")
    sqlite_venue.annul("gala")
    remove(sqlite_venue, t.SESSION_COUNT)
    remove(sqlite_venue, t.ZONE_DAY)
    assert checked(sqlite_venue).clean


def test_a_lower_version_in_force_than_was_published_is_found(day: Venue) -> None:
    day.engine.begin()
    day.engine.set_meta("bundle.node", "0")
    day.engine.commit()
    assert codes(day) == {"bundle_differs"}
