"""The demonstration, as others rely on it by demo.json."""

import json
import stat
import time
from collections.abc import Callable
from typing import Any

import pytest

from paifang.core.codes import SERIAL_ENTROPY_BYTES
from paifang.core.pricing import Channel
from paifang.core.rules import Role
from paifang.ledger.commands import Admit
from paifang.ledger.facts import AdmissionFact, Answer
from paifang.services.desk.context import DeskContext
from paifang.services.desk.demo import build_demo
from paifang.services.desk.demo.secret_draws import SecretDraws
from paifang.services.desk.selling.offers import offers_of
from paifang.services.live.keys import token_sha256
from paifang.services.live.pins import check_pin
from paifang.store.models import ProjectedTicket, User

TICKETS = 12
Told = dict[str, Any]


def silent(done: int, of: int) -> None:
    assert 0 < done <= of


def build(
    url: str = "http://127.0.0.1:8000", progress: Callable[[int, int], None] = silent
) -> Told:
    return build_demo(base_url=url, tickets=TICKETS, progress=progress)


def reason(desk: DeskContext, code: str, request_id: str, terminal: str, gate: str) -> str:
    rules = desk.ledger.rules()
    known = next(t for t in rules.node.terminals.values() if t.name == terminal)
    lookups = tuple(
        desk.keys.lookup(rules.centre.events[n], "code", code)
        for n in rules.events_at(rules.centre.gates[gate])
    )
    (answer,) = desk.ledger.commit(
        [Admit(terminal=known.id, gate=gate, lookups=lookups, request_id=request_id)]
    )
    assert isinstance(answer, Answer), answer
    fact = answer.decoded()
    assert isinstance(fact, AdmissionFact)
    return fact.reason


def test_every_plain_ticket_enters_once_at_any_gate_of_the_file(sqlite_desk: DeskContext) -> None:
    told = build()
    gates = [terminal for terminal in told["terminals"] if terminal["role"] == "gate"]
    assert len(told["tickets"]) == TICKETS
    assert {terminal["gate"] for terminal in gates} == set(told["gates"])
    for n, ticket in enumerate(told["tickets"]):
        at = gates[n % len(gates)]
        place = (at["name"], at["gate"])
        assert reason(sqlite_desk, ticket["code"], f"a{n}", *place) == "ok"
        assert reason(sqlite_desk, ticket["code"], f"b{n}", *place) == "already_used"


def test_gate_terminals_may_admit_every_product_of_the_fair(sqlite_desk: DeskContext) -> None:
    told = build()
    rules = sqlite_desk.ledger.rules()
    fair = next(e for e in rules.centre.events.values() if e.slug == told["event"])
    products = [p for p in rules.centre.products.values() if p.event == fair.number]
    assert {p.id for p in products} == {p["id"] for p in told["products"]}
    for gate in told["gates"]:
        zone = rules.centre.gates[gate].zone
        assert all(any(rule.zone == zone for rule in p.entitlements) for p in products)


def test_what_the_file_says_is_for_sale_is_what_the_shop_offers(sqlite_desk: DeskContext) -> None:
    told = build()
    assert told["shop_url"] == f"http://127.0.0.1:8000/e/{told['event']}/"
    centre = sqlite_desk.ledger.rules().centre
    fair = next(e for e in centre.events.values() if e.slug == told["event"])
    now_ms = time.time_ns() // 1_000_000
    offers = {
        offer.product.id: (offer.amount_minor, offer.currency, offer.left)
        for offer in offers_of(centre, fair, Channel.web, now_ms)
    }
    sold = {
        p["id"]: (p["price_minor"], p["currency"], p["quota"])
        for p in told["products"]
        if p["price_minor"] is not None
    }
    assert offers == sold
    assert len(sold) == 5
    assert all(p["quota"] is None for p in told["products"] if p["id"] not in sold)


@pytest.mark.parametrize(
    ("product", "status", "expected"),
    [
        ("Pass for all days", "valid", "ok"),
        ("Five entries", "valid", "ok"),
        ("Group of 20", "valid", "ok"),
        ("Invitation (exchange at the desk)", "valid", "exchange_required"),
        ("Named ticket", "valid", "identity_required"),
        ("Guest of honour", "valid", "needs_supervisor"),
        ("Adult ticket", "unpaid", "unpaid"),
        ("Adult ticket", "blocked", "blocked"),
        ("Adult ticket", "void", "void"),
    ],
)
def test_a_ticket_of_every_kind_shows_what_the_gate_makes_of_it(
    sqlite_desk: DeskContext, product: str, status: str, expected: str
) -> None:
    told = build()
    ticket = next(t for t in told["showcase"] if (t["product"], t["status"]) == (product, status))
    assert reason(sqlite_desk, ticket["code"], "one", "north-1", "north") == expected


def test_the_forum_is_on_whenever_somebody_looks(sqlite_desk: DeskContext) -> None:
    ticket = next(t for t in build()["showcase"] if t["product"] == "Fair and forum")
    assert reason(sqlite_desk, ticket["code"], "one", "forum-1", "forum-door") == "ok"


def test_the_file_has_every_field_others_rely_on(sqlite_desk: DeskContext) -> None:
    told = build()
    file = sqlite_desk.data / "demo.json"
    assert json.loads(file.read_text(encoding="utf-8")) == told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {"base_url", "event", "shop_url", "staff", "terminals", "gates"} <= set(told)
    assert {"products", "tickets", "partners"} <= set(told)
    assert set(told["tickets"][0]) >= {"id", "code", "serial", "holder", "product", "page_url"}
    pages = {ticket["page_url"] for ticket in told["tickets"]}
    assert len(pages) == len(told["tickets"])
    assert all(page.startswith(told["base_url"] + "/t/") for page in pages)
    roles = {person["role"] for person in told["staff"]}
    assert roles >= {"manager", "cashier", "steward", "supervisor", "finance", "regulator"}


def test_its_passwords_pins_and_tokens_are_true(sqlite_desk: DeskContext) -> None:
    told = build()
    node = sqlite_desk.ledger.rules().node
    for person in told["staff"]:
        assert User.objects.get(username=person["username"]).check_password(person["password"])
        assert node.staff[person["username"]].role is Role(person["role"])
        assert check_pin(person["pin"], node.staff[person["username"]])
    by_name = {terminal.name: terminal for terminal in node.terminals.values()}
    for terminal in told["terminals"]:
        (token,) = by_name[terminal["name"]].tokens
        assert token.sha256 == token_sha256(terminal["token"])


class PressedError(Exception):
    """Somebody pressed Ctrl-C."""


def test_an_interrupted_demonstration_is_finished_with_the_same_secrets(
    sqlite_desk: DeskContext,
) -> None:
    def interrupt(done: int, of: int) -> None:
        raise PressedError

    with pytest.raises(PressedError):
        build(progress=interrupt)
    assert not (sqlite_desk.data / "demo.json").exists()
    rows = len(sqlite_desk.ledger.journal_after({}, 10_000))
    told = build()
    assert len(sqlite_desk.ledger.journal_after({}, 10_000)) == rows
    ticket = told["tickets"][0]
    assert reason(sqlite_desk, ticket["code"], "one", "north-1", "north") == "ok"


def test_found_again_it_keeps_everything_but_its_address(sqlite_desk: DeskContext) -> None:
    first = build()
    again = build("http://127.0.0.1:9000")
    moved = json.loads(json.dumps(first).replace(first["base_url"], "http://127.0.0.1:9000"))
    assert again == moved
    assert not ProjectedTicket.objects.exists()


def test_two_tickets_that_drew_the_same_serial_get_one_each(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = SecretDraws.source

    def unlucky(draws: SecretDraws, purpose: str) -> Callable[[int], bytes]:
        """Draw the second ticket's serial as the first one's, and its code from its own."""
        if purpose != "ticket/2":
            return drawn(draws, purpose)
        first, second = drawn(draws, "ticket/1"), drawn(draws, purpose)
        return lambda size: first(size) if size == SERIAL_ENTROPY_BYTES else second(size)

    monkeypatch.setattr(SecretDraws, "source", unlucky)
    told = build()
    assert len({ticket["serial"] for ticket in told["tickets"]}) == len(told["tickets"])
    assert build() == told
