"""The page of the audit: found by each part, read page by page, given out without formulas."""

import re
from datetime import UTC, datetime

import pytest
from django.http import HttpResponseBase
from django.test import Client

from paifang.core.rules import Role
from paifang.services.desk import audit, sealing
from paifang.services.desk.audit_list import PAGE_ROWS
from paifang.services.desk.context import DeskContext
from paifang.services.desk.tickets.acts import TicketAct
from paifang.services.desk.tickets.bulk import BulkAct
from paifang.store.models import AuditEntry, User
from paifang.web.desk.audit_words import AUDIT_WORDS
from tests.test_tidy import ROOT


@pytest.fixture
def client(desk: DeskContext) -> Client:
    user = User.objects.create_user("tom", name="Tom", role=Role.auditor.value)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def cells(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition("<tbody>")[2], re.DOTALL)
    found = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [[one.strip() for one in row] for row in found]


def bytes_of(answer: HttpResponseBase) -> bytes:
    return b"".join(answer)


def test_an_act_is_found_by_each_of_its_parts(client: Client) -> None:
    audit.record("terminal_revoked", who="eve", subject="north-1", why="丢失", where="10.0.0.9")
    audit.record("sign_in", who="ann", where="10.0.0.7")
    (row,) = cells(client.get("/desk/audit/", {"who": "ev"}).text)
    assert row[1:] == ["eve", "Terminal withdrawn", "north-1", "丢失", "10.0.0.9"]
    for query in ({"what": "terminal_revoked"}, {"text": "NORTH"}, {"text": "丢"}, {"text": ".9"}):
        assert [one[1] for one in cells(client.get("/desk/audit/", query).text)] == ["eve"]
    assert cells(client.get("/desk/audit/", {"who": "nobody"}).text) == []


def test_days_are_those_of_the_place_and_both_are_included(client: Client) -> None:
    for hour in (22, 23):
        audit.record("sign_in", who=f"at-{hour}")
        AuditEntry.objects.filter(who=f"at-{hour}").update(
            at=datetime(2026, 3, 4, hour, 59, 59, 999_000, tzinfo=UTC)
        )
    AuditEntry.objects.filter(who="at-23").update(at=datetime(2026, 3, 5, tzinfo=UTC))
    day = {"first": "2026-03-04", "last": "2026-03-04"}
    assert [one[1] for one in cells(client.get("/desk/audit/", day).text)] == ["at-22"]
    assert len(cells(client.get("/desk/audit/", {"first": "no day"}).text)) == 2


def test_a_long_book_is_read_page_by_page_newest_first(client: Client) -> None:
    for n in range(PAGE_ROWS + 3):
        audit.record("sign_in", who=f"user-{n:03}")
    first = client.get("/desk/audit/").text
    further = re.search(r'href="(\?before=[^"]+)" rel="next"', first)
    assert further
    second = client.get("/desk/audit/" + further[1]).text
    told = [row[1] for row in cells(first) + cells(second)]
    assert told == sorted(told, reverse=True)
    assert len(told) == PAGE_ROWS + 3
    assert 'rel="next"' not in second


def test_it_is_given_out_without_formulas_and_that_is_written_down(client: Client) -> None:
    audit.record("repair", who="eve", subject="=HYPERLINK(1)", why="+1")
    told = bytes_of(client.get("/desk/audit/?format=csv")).decode("utf-8-sig")
    assert "'=HYPERLINK(1),'+1" in told
    assert bytes_of(client.get("/desk/audit/?format=xlsx&who=eve"))[:2] == b"PK"
    assert AuditEntry.objects.filter(what="export", who="tom").count() == 2


def test_an_act_that_was_altered_after_it_was_sealed_is_shown_and_given_out_as_that(
    client: Client,
) -> None:
    assert "altered" not in client.get("/desk/audit/").text
    for name in ("ann", "ben"):
        audit.record("sign_in", who=name)
    sealing.seal_all()
    AuditEntry.objects.filter(who="ann").update(why="other", sealed=False)
    sealing.seal_all()
    page = client.get("/desk/audit/").text
    assert "1 act was altered after it was sealed; the journal knows it otherwise." in page
    assert page.count('data-state="altered"') == 1
    assert [row[1] for row in cells(client.get("/desk/audit/?altered=yes").text)] == ["ann"]
    told = bytes_of(client.get("/desk/audit/?format=csv")).decode("utf-8-sig").splitlines()
    seals = {row.split(",")[1]: row.rpartition(",")[2] for row in told[1:]}
    assert seals["ann"] == "Altered after it was sealed"
    assert seals["ben"] == "Sealed"


def test_markup_in_an_entry_is_shown_as_text(client: Client) -> None:
    audit.record("repair", who="<b>", subject="<script>alert(1)</script>", why='"><i>')
    page = client.get("/desk/audit/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_every_act_that_the_desk_writes_down_has_its_words() -> None:
    """Acts named as they are written, and those made of a kind and what was done with it."""
    sources = sorted((ROOT / "paifang/services/desk").rglob("*.py"))
    literal = {
        found
        for path in sources
        for found in re.findall(r'audit\.record\(\s*"([a-z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert {"sign_in", "export", "person_erased"} <= literal
    kinds = ("organiser", "site", "zone", "gate", "lane", "event", "session", "product")
    made = {f"{kind}_{what}" for kind in kinds for what in ("added", "changed", "removed")}
    made |= {f"ticket_{act}" for act in TicketAct} | {f"tickets_{act}" for act in BulkAct}
    assert literal | made <= set(AUDIT_WORDS)
