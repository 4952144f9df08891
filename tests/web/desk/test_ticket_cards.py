"""Chip cards that open tickets: handed out, imported, changed, and known at the gate by number."""

import time

import pytest
from django.test import Client

from paifang.ledger.commands import Admit
from paifang.services.desk.context import DeskContext
from paifang.services.live.readings import CodeReader
from paifang.store.models import ImportRow, ProjectedTicket
from tests.desk_makers import Venue, commit
from tests.projected import project_at_once
from tests.web.desk.import_steps import counts, csv_of, import_all, signed_in, venue

__all__ = ["venue"]

CARD = "04:A2:2B:1C"
SPELLINGS = ("04A22B1C", "04-a2-2b-1c", str(0x04A22B1C))
"""As readers of other makes send the same card."""


@pytest.fixture
def client(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> Client:
    project_at_once(monkeypatch)
    return signed_in()


def says(desk: DeskContext, venue: Venue, text: str, request_id: str) -> str:
    """What the gate says to a text that a reader types."""
    rules = desk.ledger.rules()
    gate = rules.centre.gates[venue.gate.slug]
    reading = CodeReader(desk.keys).read(rules, gate, text, "auto", int(time.time() * 1000))
    (answer,) = commit(
        desk,
        Admit(
            request_id=request_id,
            terminal=venue.terminal.pk.hex,
            gate=venue.gate.slug,
            lookups=reading.lookups,
            kind=reading.kind,
        ),
    )
    return str(answer.decoded().reason)  # type: ignore[attr-defined]


def handed_out(client: Client, venue: Venue, **fields: object) -> tuple[int, str]:
    wish = {"product": venue.product.number, "count": 1, "why": "crew", **fields}
    answer = client.post("/desk/tickets/hand-out/", wish, follow=True)
    return answer.status_code, answer.text


def test_a_staff_card_opens_its_ticket_however_the_reader_spells_it(
    client: Client, venue: Venue, desk: DeskContext
) -> None:
    assert handed_out(client, venue, name="Ann", card=CARD)[0] == 200
    said = [says(desk, venue, text, f"r{n}") for n, text in enumerate(SPELLINGS)]
    assert said == ["ok", "already_used", "already_used"]
    assert says(desk, venue, "04A22B1D", "other") == "unknown"


def test_a_card_opens_one_ticket_only(client: Client, venue: Venue) -> None:
    handed_out(client, venue, name="Ann", card=CARD)
    status, page = handed_out(client, venue, name="Ben", card="04a22b1c")
    assert (status, "This card opens another ticket." in page) == (422, True)
    status, page = handed_out(client, venue, name="Cid", card="11:22:33:44", count=2)
    assert (status, "A document or card opens one ticket" in page) == (422, True)
    status, page = handed_out(client, venue, name="Dan", card="no card")
    assert (status, "This is not the number of a card: no card." in page) == (422, True)
    assert ProjectedTicket.objects.count() == 1


def test_the_former_holders_card_ends_and_the_new_ones_opens(
    client: Client, venue: Venue, desk: DeskContext
) -> None:
    handed_out(client, venue, name="Ann", card=CARD)
    handed_out(client, venue, name="Ben", card="11223344")
    ann = ProjectedTicket.objects.get(holder="Ann")
    where = f"/desk/tickets/{ann.ticket}/holder/"
    taken = client.post(where, {"name": "Cid", "why": "swap", "card": "11:22:33:44"})
    assert (taken.status_code, "This card opens another ticket." in taken.text) == (422, True)
    assert client.post(where, {"name": "Cid", "why": "swap", "card": "55667788"}).status_code == 302
    assert says(desk, venue, CARD, "old") == "void"
    assert says(desk, venue, "55:66:77:88", "new") == "ok"


def test_cards_come_with_a_list_and_a_row_with_anothers_card_is_named(
    client: Client, venue: Venue, desk: DeskContext
) -> None:
    rows = ("1,Ann,04:A2:2B:1C", "2,Ben,04A22B1C", "3,Cid,1.1E+17", "4,Dan,", "5,Eve,xyz")
    one = import_all(client, csv_of("reference,姓名,工作证号", *rows))
    assert counts(one) == (5, 2, 0, 0, 3)
    codes = {row.line: row.code for row in ImportRow.objects.all()}
    assert codes == {3: "card_taken", 4: "number_shortened", 6: "card"}
    assert says(desk, venue, SPELLINGS[2], "in") == "ok"
    again = import_all(client, csv_of("reference,姓名,工作证号", *rows[:1], *rows[3:4]))
    assert counts(again) == (2, 0, 2, 0, 0)
    new = import_all(client, csv_of("reference,姓名,工作证号", "4,Dan,99887766"))
    assert counts(new) == (1, 0, 0, 1, 0)
    assert says(desk, venue, "99:88:77:66", "dan") == "ok"
