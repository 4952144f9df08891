"""The manager's pages of terminals: added, paired, changed, withdrawn, each act written down."""

import json
import re
import time

import pytest
from django.test import Client
from django.utils import translation

from paifang.core.rules import Role, TerminalRole
from paifang.ledger.faults import Unavailable
from paifang.services.desk import pairing, terminals
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.pairing import open_code
from paifang.services.desk.staff import make_staff
from paifang.services.desk.terminal_list import State, TerminalRow, terminal_rows
from paifang.store.models import AuditEntry, Terminal, TerminalStatus
from paifang.web.desk.terminal_words import ago, row_shown
from tests.desk_makers import BOSS, Venue, make_venue
from tests.device import Device

PASSWORD = "tea-leaf-42"
PAGES = [
    "/desk/terminals/",
    "/desk/new-terminal/",
    "/desk/terminals/fair-1/",
    "/desk/terminals/fair-1/pair/",
    "/desk/terminals/fair-1/revoke/",
]


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    made = make_venue()
    make_staff("eve", name="Eve Fox", role=Role.manager, password=PASSWORD)
    make_staff("bob", name="Bob Sun", role=Role.supervisor, password=PASSWORD)
    publish()
    return made


def signed_in(username: str = "eve", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language, "X-Forwarded-For": "10.0.0.9"})
    client.post("/sign-in/", {"username": username, "password": PASSWORD})
    return client


def device_shows(code: str, device: Device | None = None) -> int:
    body = {"code": code, "key": (device or Device()).jwk, "request_id": "p1"}
    answered = Client().post(
        "/api/v1/terminals/pair", json.dumps(body), content_type="application/json"
    )
    return answered.status_code


def add(client: Client, name: str = "north-3", gate: str = "fair-door", **more: str) -> str:
    """Add a terminal by the form and return the page of its code."""
    client.post("/desk/new-terminal/", {"name": name, "role": "gate", "gate": gate, **more})
    return client.get(f"/desk/terminals/{name}/pair/").text


@pytest.mark.parametrize("path", PAGES)
def test_only_managers_open_the_pages(venue: Venue, path: str) -> None:
    assert signed_in().get(path).status_code == 200
    assert signed_in("bob").get(path).status_code == 403
    assert Client().get(path)["Location"] == "/"
    for client in (signed_in("bob"), Client()):
        client.post(path, {"why": "x", "role": "kiosk", "gate": "fair-door", "name": "mine"})
    terminal = Terminal.objects.get()
    assert (terminal.name, terminal.role, terminal.revoked) == ("fair-1", "gate", False)
    assert not terminal.pairings.exists()


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_complete_in_chinese(venue: Venue, path: str) -> None:
    page = signed_in(language="zh-hans").get(path).text
    told = re.sub(r"<(script|svg|title).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    english = set(re.findall(r"[A-Za-z]{4,}", told))
    assert english <= {
        *("English", "Excel", "fair", "Door", "Hall", "Site", "terminal", "http", "testserver"),
    }


def test_a_manager_adds_a_terminal_and_its_device_becomes_it(venue: Venue) -> None:
    client = signed_in()
    assert 'href="/desk/terminals/"' in client.get("/").text
    page = add(client)
    terminal = Terminal.objects.get(name="north-3")
    code = open_code(terminal)
    assert code is not None
    assert code.typed in page
    qr = client.get("/desk/terminals/north-3/pair/qr.svg")
    assert qr["Content-Type"] == "image/svg+xml"
    asked = f"/desk/terminals/north-3/pair/state?pairing={code.pairing}"
    assert client.get(asked).json() == {"state": "waiting"}
    assert device_shows(code.typed) == 200
    assert client.get(asked).json() == {"state": "paired"}
    assert open_code(terminal) is None
    assert client.get("/desk/terminals/north-3/pair/qr.svg").status_code == 404
    written = [
        (entry.who, entry.what, entry.subject, entry.where)
        for entry in AuditEntry.objects.filter(subject__startswith="north-3")
    ]
    assert written[:2] == [
        ("eve", "terminal_added", "north-3 gate", "10.0.0.9"),
        ("eve", "pairing_code", "north-3", "10.0.0.9"),
    ]
    assert written[2][:3] == ("eve", "terminal_paired", "north-3")


def test_the_code_says_where_the_terminal_page_is(venue: Venue) -> None:
    code = pairing.new_code("fair-1", by=BOSS)
    assert pairing.link_of("https://v.local:8443/terminal/", code) == (
        f"https://v.local:8443/terminal/#pair={code.code}"
    )
    assert "http://testserver/terminal/" in signed_in().get("/desk/terminals/fair-1/pair/").text


def test_what_became_of_a_code_is_told(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    client, first = signed_in(), pairing.new_code("fair-1", by=BOSS)

    def state(which: str) -> str:
        told = client.get(f"/desk/terminals/fair-1/pair/state?pairing={which}")
        return str(told.json()["state"])

    client.post("/desk/terminals/fair-1/pair/")
    assert state(first.pairing) == "replaced"
    assert state("nonsense") == state("") == "replaced"
    second = open_code(venue.terminal)
    assert second is not None
    monkeypatch.setattr(pairing, "time_ms", lambda: second.until_ms)
    assert state(second.pairing) == "late"
    assert client.get("/desk/terminals/nowhere/pair/state").status_code == 404


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": "North 3"}, "small letters"),
        ({"name": "fair-1"}, "of this name already"),
        ({"gate": "nowhere"}, "does not exist any more"),
        ({"gate": ""}, "does not exist any more"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_new_terminal_is_said(
    venue: Venue, more: dict[str, str], words: str
) -> None:
    body = {"name": "north-3", "role": "gate", "gate": "fair-door", **more}
    answered = signed_in().post("/desk/new-terminal/", body)
    assert answered.status_code == 422
    assert words in answered.text
    assert Terminal.objects.count() == 1


def test_a_gate_needs_gates_and_a_monitor_none(venue: Venue) -> None:
    client = signed_in()
    body = {"name": "wall-1", "role": "gate"}
    assert "at least one gate" in client.post("/desk/new-terminal/", body).text
    assert client.post("/desk/new-terminal/", {**body, "role": "monitor"}).status_code == 302
    body = {"role": "kiosk"}
    assert "at least one gate" in client.post("/desk/terminals/fair-1/", body).text


def test_another_role_holds_at_the_next_batch(sqlite_desk: DeskContext, venue: Venue) -> None:
    body = {"role": "kiosk", "gate": "fair-door"}
    assert signed_in().post("/desk/terminals/fair-1/", body).status_code == 302
    known = sqlite_desk.ledger.rules().node.terminals[venue.terminal.pk.hex]
    assert known.role is TerminalRole.kiosk
    entry = AuditEntry.objects.get(what="terminal_changed")
    assert (entry.who, entry.subject) == ("eve", "fair-1 kiosk fair-door")
    answered = signed_in().post("/desk/terminals/fair-1/", {"role": "oracle", "gate": "nowhere"})
    assert answered.status_code == 422


def test_a_terminal_is_withdrawn_for_a_reason_and_after_a_second_question(
    sqlite_desk: DeskContext, venue: Venue
) -> None:
    client, path = signed_in(), "/desk/terminals/fair-1/revoke/"
    code = pairing.new_code("fair-1", by=BOSS).code
    assert "Withdraw it now" in client.get(path).text
    assert client.post(path, {"why": "  "}).status_code == 422
    assert not Terminal.objects.get().revoked
    assert client.post(path, {"why": "lost at the\nlake"}).status_code == 302
    known = sqlite_desk.ledger.rules().node.terminals[venue.terminal.pk.hex]
    assert known.revoked
    entry = AuditEntry.objects.get(what="terminal_revoked")
    assert (entry.who, entry.why, entry.where) == ("eve", "lost at the lake", "10.0.0.9")
    assert client.get(path).status_code == 404
    assert device_shows(code) == 404
    assert "refused everywhere" in client.get("/desk/terminals/fair-1/").text


def test_when_the_gates_cannot_be_told_the_manager_is(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(actor: str = "") -> None:
        raise Unavailable

    monkeypatch.setattr(terminals, "publish", away)
    client = signed_in()
    body = {"role": "gate", "gate": "fair-door"}
    for path in ("/desk/terminals/fair-1/", "/desk/terminals/fair-1/revoke/"):
        assert "could not be told yet" in client.post(path, {**body, "why": "lost"}).text
    assert client.post("/desk/new-terminal/", {**body, "name": "x-1"}).status_code == 302


@pytest.mark.parametrize("path", ["", "pair/", "pair/qr.svg", "revoke/"])
def test_a_terminal_there_is_not_is_not_found(venue: Venue, path: str) -> None:
    assert signed_in().get(f"/desk/terminals/nowhere/{path}").status_code == 404


# The list.


def test_the_list_says_in_words_how_each_terminal_is(venue: Venue) -> None:
    now_ms = time.time_ns() // 1_000_000
    for name in ("a-working", "b-silent", "c-waiting", "d-token", "e-revoked", "f-key"):
        terminals.make_terminal(name, role=TerminalRole.gate)
    found = {terminal.name: terminal for terminal in Terminal.objects.all()}
    for name, ago_ms in (("a-working", 10_000), ("b-silent", 3_600_000)):
        TerminalStatus.objects.create(terminal=found[name], seen_at_ms=now_ms - ago_ms)
    pairing.new_code("c-waiting", by=BOSS)
    terminals.make_token(found["d-token"], terminals.new_token())
    Terminal.objects.filter(name="e-revoked").update(revoked=True)
    Terminal.objects.filter(name="f-key").update(public_key=Device(3).public_key)
    assert {row.name: row.state for row in terminal_rows()} == {
        "a-working": State.working,
        "b-silent": State.silent,
        "c-waiting": State.waiting,
        "d-token": State.program,
        "f-key": State.silent,
        "fair-1": State.unpaired,
        "e-revoked": State.revoked,
    }
    page = signed_in().get("/desk/terminals/").text
    assert page.index("a-working") < page.index("f-key") < page.index("e-revoked")
    assert re.search(r"Last seen 1\d seconds ago", page)
    assert "Last seen 1 hour ago" in page


def test_what_needs_the_manager_is_pointed_out(venue: Venue) -> None:
    row = TerminalRow("x", "gate", (), State.working, 3)
    assert not row.battery_low
    assert row._replace(battery=20).battery_low
    assert not row._replace(battery=20, charging=True).battery_low
    assert not row._replace(clock_offset_ms=30_000).clock_off
    with translation.override("en"):
        assert (
            row_shown(row._replace(clock_offset_ms=61_000)).clock == "Its clock is 2 minutes fast"
        )
        assert (
            row_shown(row._replace(clock_offset_ms=-31_000)).clock == "Its clock is 1 minute slow"
        )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds ago"),
        (1, "1 second ago"),
        (59, "59 seconds ago"),
        (60, "1 minute ago"),
        (7_199, "1 hour ago"),
        (172_800, "2 days ago"),
    ],
)
def test_how_long_ago_is_said_in_the_largest_full_unit(
    sqlite_desk: DeskContext, seconds: int, words: str
) -> None:
    with translation.override("en"):
        assert ago(seconds) == words
