"""Searching tickets at a terminal, their story, and the flow: what is told, and what is not."""

import json
import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from paifang.core import limits
from paifang.core.codes import group_serial
from paifang.core.rules import Role, TerminalRole
from paifang.core.tickets import Status
from paifang.ledger.commands import Annul, Erase, Record, SetStatus
from paifang.services.desk import flow, projector, search
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.search_terms import ranges_of
from paifang.services.desk.terminals import make_terminal
from paifang.store import models
from paifang.store.models import ProjectedAdmission, TerminalStatus
from tests.desk_makers import commit, issue, make_venue, shown

PEOPLE = [
    Attendee(name="欧阳娜娜", company="云帆科技", phone="+86 138-1234-5678", reference="1"),
    Attendee(name="娜娜", company="茶庄", phone="13900005678", reference="2"),
    Attendee(name="安娜娜", reference="3"),
    Attendee(name="Séan O’Brien", company="Blue Door Ltd", phone="0571-8890", reference="4"),
    Attendee(name="Anna Müller-Lüdenscheidt von und zu Hohenstein", reference="5"),
    Attendee(name="Anna Berg", reference="6"),
]


class Desk:
    """A venue with people, its terminals and their tokens."""

    def __init__(self, desk: DeskContext) -> None:
        self.desk = desk
        self.venue = make_venue()
        self.other = make_venue("show", 2)
        for name, role in (("li", Role.steward), ("sun", Role.supervisor)):
            models.User.objects.create_user(name, "tea-leaf-42", name=name.title(), role=role.value)
        for kind in (TerminalRole.monitor, TerminalRole.kiosk):
            make_terminal(f"{kind.value}-1", role=kind, gates=[self.venue.gate.slug])
        publish()
        self.issued = issue(desk, self.venue, PEOPLE)
        issue(desk, self.other, [Attendee(name="娜娜别处", reference="1")])
        projector.project_all()

    def token(self, staff: str = "", terminal: str = "fair-1") -> str:
        found = models.Terminal.objects.get(name=terminal)
        return self.desk.keys.scan_token(found.pk.hex, staff, int(time.time()) + 60)

    def get(self, path: str, staff: str = "li", terminal: str = "fair-1") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token(staff, terminal)}"}
        answered = Client().get(f"/api/v1/{path}", headers=headers)
        return answered.status_code, json.loads(answered.content)

    def found(self, asked: str, **more: str) -> list[str]:
        headers = {"Authorization": f"Bearer {self.token('li', **more)}"}
        answered = Client().get("/api/v1/tickets", {"q": asked, "limit": "50"}, headers=headers)
        assert answered.status_code == 200, answered.content
        return [one["holder"] for one in json.loads(answered.content)["tickets"]]


@pytest.fixture
def place(desk: DeskContext) -> Desk:
    return Desk(desk)


@pytest.fixture
def sqlite_place(sqlite_desk: DeskContext) -> Desk:
    return Desk(sqlite_desk)


@pytest.mark.parametrize(
    ("asked", "holders"),
    [
        ("娜娜", ["娜娜", "欧阳娜娜", "安娜娜"]),
        ("阳娜", ["欧阳娜娜"]),
        ("云帆", ["欧阳娜娜"]),
        ("科技", ["欧阳娜娜"]),
        ("o'bri", ["Séan O’Brien"]),
        ("SEAN OBRIEN", ["Séan O’Brien"]),
        ("obrien sean", ["Séan O’Brien"]),
        ("door", ["Séan O’Brien"]),
        ("anna b", ["Anna Berg"]),
        ("anna", ["Anna Berg", "Anna Müller-Lüdenscheidt von und zu Hohenstein"]),
        ("anna muller ludenscheidt von und zu", [PEOPLE[4].name]),
        ("anna muller ludenscheidt von der", []),
        ("5678", ["娜娜", "欧阳娜娜"]),
        ("138 1234 5678", ["欧阳娜娜"]),
        ("8890", ["Séan O’Brien"]),
        ("nobody", []),
        ("别处", []),
    ],
)
def test_people_are_found_the_best_answers_first(
    place: Desk, asked: str, holders: list[str]
) -> None:
    found = place.found(asked)
    assert sorted(found) == sorted(holders)
    assert found[:1] == holders[:1] or asked in {"5678", "anna"}


def test_what_belongs_to_another_event_is_found_at_its_own_gates_only(sqlite_place: Desk) -> None:
    assert sqlite_place.found("别处", terminal="show-1") == ["娜娜别处"]
    assert sqlite_place.found("欧阳", terminal="show-1") == []


def test_a_code_or_serial_typed_in_full_is_found_as_a_gate_finds_it(place: Desk) -> None:
    one = place.issued[3]
    for asked in (one.serial, group_serial(one.serial), one.code.lower()):
        status, told = place.get(f"tickets?q={asked}")
        assert (status, [t["holder"] for t in told["tickets"]]) == (200, ["Séan O’Brien"])
        assert told["tickets"][0]["exact"] is True
    assert place.found(one.serial, terminal="show-1") == []
    assert place.found(one.serial[:10]) == []


def test_the_serial_in_full_is_for_supervisors_only(place: Desk) -> None:
    one = place.issued[0]
    told = {
        staff: place.get("tickets?q=欧阳", staff=staff)[1]["tickets"][0] for staff in ("li", "sun")
    }
    assert told["sun"]["serial"] == one.serial
    assert "serial" not in told["li"]
    assert told["li"]["serial_tail"] == one.serial[-4:]
    assert one.serial not in json.dumps(told["li"])
    assert "138" not in json.dumps(told["li"])
    assert (told["li"]["phone_tail"], told["li"]["company"]) == ("5678", "云帆科技")
    assert (told["li"]["product"], told["li"]["state"], told["li"]["uses"]) == ("Adult", "valid", 0)


@pytest.mark.parametrize("asked", ["", " ", "娜", "an", "12"])
def test_short_questions_are_sent_back(sqlite_place: Desk, asked: str) -> None:
    status, told = sqlite_place.get(f"tickets?q={asked}")
    assert (status, told["code"]) == (422, "query_short")


@pytest.mark.parametrize(
    "query", ["q=anna&limit=0", "q=anna&limit=51", "q=anna&limit=x", "q=" + "a" * 101]
)
def test_questions_are_bounded(sqlite_place: Desk, query: str) -> None:
    status, told = sqlite_place.get(f"tickets?{query}")
    assert (status, told["code"]) == (422, "member_wrong")


def test_a_limit_says_that_there_are_more(sqlite_place: Desk) -> None:
    _, told = sqlite_place.get("tickets?q=娜娜&limit=2")
    assert (len(told["tickets"]), told["more"]) == (2, True)
    _, told = sqlite_place.get("tickets?q=娜娜&limit=3")
    assert (len(told["tickets"]), told["more"]) == (3, False)


def test_questions_of_one_terminal_are_limited(
    sqlite_place: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SEARCHES_PER_MINUTE_MAX", 2)
    answers = [sqlite_place.get("tickets?q=anna") for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 429]
    assert answers[2][1]["code"] == "too_many_searches"
    assert sqlite_place.get("tickets?q=娜娜", terminal="show-1")[0] == 200


@pytest.mark.parametrize("terminal", ["monitor-1", "kiosk-1"])
def test_who_has_no_staff_does_not_search(sqlite_place: Desk, terminal: str) -> None:
    for path in ("tickets?q=anna", "tickets/" + "0" * 32):
        status, told = sqlite_place.get(path, staff="", terminal=terminal)
        assert (status, told["code"]) == (403, "role_not_allowed")
    assert Client().get("/api/v1/tickets?q=anna").status_code == 401


def test_an_erased_person_is_found_no_more(place: Desk) -> None:
    ticket = place.issued[0].command.ticket
    commit(place.desk, Erase(ticket=ticket))
    projector.project_all()
    for asked in ("欧阳", "云帆", "12345678"):
        assert place.found(asked) == []
    assert place.found(place.issued[0].serial) == [""]


def test_the_story_of_a_ticket(place: Desk) -> None:
    venue, one = place.venue, place.issued[0]
    commit(place.desk, shown(place.desk, venue, one.code, "in-1"))
    commit(place.desk, Annul(request_id="u", admission="in-1", terminal=venue.terminal.pk.hex))
    late_ms = int(time.time() * 1000) - 3_600_000
    late = shown(place.desk, venue, one.code, "late-1")
    commit(
        place.desk,
        Record(request_id="late-1", admit=late, at_ms=late_ms, actor="sun", reason_text="断电"),
        SetStatus(ticket=one.command.ticket, status=Status.blocked, reason_text="lost"),
    )
    commit(place.desk, shown(place.desk, venue, one.code, "in-2"))
    projector.project_all()
    status, told = place.get(f"tickets/{one.command.ticket.hex()}")
    assert (status, told["state"], told["holder"], told["uses"]) == (200, "blocked", "欧阳娜娜", 1)
    assert "serial" not in told
    history = [(row["decision"], row["reason"], row["basis"]) for row in told["history"]]
    assert history == [
        ("refuse", "blocked", "lease"),
        ("admit", "ok", "lease"),
        ("admit", "ok", "provisional"),
    ]
    assert [row["annulled"] for row in told["history"]] == [False, True, False]
    assert told["history"][2]["reason_text"] == "断电"
    assert (told["history"][0]["gate"], told["history"][0]["terminal"]) == ("Door", "fair-1")
    assert told["last"]["reason"] == "blocked"
    assert place.get("tickets?q=欧阳")[1]["tickets"][0]["last"] == told["last"]


def test_stories_of_others_are_not_told(sqlite_place: Desk) -> None:
    ticket = sqlite_place.issued[0].command.ticket.hex()
    for named, terminal in ((ticket, "show-1"), ("0" * 32, "fair-1"), ("x", "fair-1")):
        status, told = sqlite_place.get(f"tickets/{named}", terminal=terminal)
        assert (status, told["code"]) == (404, "not_found")


def test_a_question_reads_a_range_of_the_index_and_nothing_else(place: Desk) -> None:
    low, high = ranges_of("娜娜")[1]
    asked: list[Any] = [1, low, high, limits.SEARCH_CANDIDATES_MAX]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {search.RANGE}", asked)
            plan = " ".join(str(row[3]) for row in cursor.fetchall())
            assert (
                "SEARCH store_searchterm USING PRIMARY KEY (event=? AND term>? AND term<?)" in plan
            )
            assert "B-TREE" not in plan
        else:
            cursor.execute("SET enable_seqscan = off")
            cursor.execute(f"EXPLAIN {search.RANGE}", asked)
            plan = " ".join(str(row[0]) for row in cursor.fetchall())
            assert "Index Only Scan using store_searchterm_pkey" in plan
            assert "Index Cond: ((event = 1) AND (term >=" in plan
            assert "Sort" not in plan


# The flow.


def test_the_flow_counts_people_by_gate_and_minute(place: Desk) -> None:
    venue = place.venue
    codes = [one.code for one in place.issued]
    commit(
        place.desk,
        *(shown(place.desk, venue, code, f"in-{n}") for n, code in enumerate(codes[:3])),
        shown(place.desk, venue, codes[0], "again"),
        shown(place.desk, venue, codes[0], "out", "exit"),
    )
    late = shown(place.desk, venue, codes[4], "late")
    now_ms = int(time.time() * 1000)
    commit(place.desk, Record(request_id="late", admit=late, at_ms=now_ms - 10 * 60_000))
    _, before = place.get("flow?minutes=31")
    assert sum(map(sum, (gate["entries"] for gate in before["gates"]))) == 0
    projector.project_all()
    status, told = place.get("flow?minutes=30", terminal="monitor-1", staff="")
    assert (status, told["minutes"]) == (200, 30)
    (gate,) = told["gates"]
    assert (gate["gate"], gate["zone"], gate["silent"]) == ("fair-door", "fair-hall", False)
    assert [len(gate[name]) for name in ("entries", "exits", "refusals")] == [30, 30, 30]
    assert (sum(gate["entries"]), sum(gate["exits"]), sum(gate["refusals"])) == (4, 1, 1)
    assert sum(gate["entries"][-2:]) == 3
    assert gate["entries"][18:21].count(1) == 1
    assert told["reasons"] == [{"reason": "already_used", "count": 1}]


def test_the_flow_says_how_old_it_is(place: Desk) -> None:
    commit(place.desk, shown(place.desk, place.venue, place.issued[0].code, "in"))
    ProjectedAdmission.objects.all().delete()
    behind = place.get("flow?minutes=5")[1]["as_of"]
    projector.project_all()
    after = place.get("flow?minutes=6")[1]["as_of"]
    assert behind < after


def test_a_gate_nobody_hears_of_is_silent(sqlite_place: Desk) -> None:
    (gate,) = sqlite_place.get("flow?minutes=1")[1]["gates"]
    assert gate["silent"] is True
    assert "seen_at" not in gate
    terminal = models.Terminal.objects.get(name="fair-1")
    now_ms = int(time.time() * 1000)
    for minutes, ago_ms, silent in ((2, 31_000, True), (3, 1_000, False)):
        TerminalStatus.objects.update_or_create(
            terminal=terminal, defaults={"seen_at_ms": now_ms - ago_ms}
        )
        (gate,) = sqlite_place.get(f"flow?minutes={minutes}")[1]["gates"]
        assert (gate["silent"], "seen_at" in gate) == (silent, True)


@pytest.mark.parametrize("minutes", ["0", "241", "-1", "x", ""])
def test_the_minutes_are_bounded(sqlite_place: Desk, minutes: str) -> None:
    status, told = sqlite_place.get(f"flow?minutes={minutes}")
    assert (status, told["field"]) == (422, "minutes")


def test_the_flow_reads_indexes_alone(place: Desk) -> None:
    plans = []
    with connection.cursor() as cursor:
        asked = ((flow.MINUTES, [5, 9]), (flow.SEEN, [5, 9]), (flow.REFUSED, [5_000_000]))
        for query, values in asked:
            if connection.vendor == "sqlite":
                cursor.execute(f"EXPLAIN QUERY PLAN {query}", values)
                plans.append(" ".join(str(row[3]) for row in cursor.fetchall()))
            else:
                cursor.execute("SET enable_seqscan = off")
                cursor.execute(f"EXPLAIN {query}", values)
                plans.append(" ".join(str(row[0]) for row in cursor.fetchall()))
    assert "store_gateminutetally" in plans[0]
    assert "admission_gate_at" in plans[1]
    assert "store_flowtally" in plans[2]
    for plan in (plans[0], plans[2]):
        assert "SCAN" not in plan
        assert "Seq Scan" not in plan
