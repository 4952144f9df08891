"""Staff cards in every spelling, and QR codes that are what they say."""

import pytest
import zxingcpp

from paifang.core import limits
from paifang.core.rules import NodeRules, Role
from paifang.ledger.bundle import decode_layer
from paifang.services.desk import staff
from paifang.services.desk.context import DeskContext
from paifang.services.desk.qr import qr_text
from paifang.services.desk.staff import Account, StaffError
from paifang.services.live.cards import card_number
from paifang.store.models import AuditEntry, StaffCard
from tests.desk_makers import BOSS

PASSWORD = "tea-leaf-42"


def add(username: str) -> None:
    staff.add_staff(username, Account(username, Role.steward), password=PASSWORD, by=BOSS)


def test_a_card_is_known_at_the_gates_by_a_hash_alone(desk: DeskContext) -> None:
    add("ann")
    staff.add_card("ann", "04:a2:2b:5a:11:6f:80\r\n", by=BOSS)
    (kept,) = StaffCard.objects.values_list("number_hash", flat=True)
    assert kept == desk.keys.card_hash("04A22B5A116F80")
    assert desk.ledger.rules().node.staff["ann"].cards == (kept,)
    assert "04A2" not in kept
    staff.add_card("ann", "04A22B5A116F80", by=BOSS)
    assert StaffCard.objects.count() == 1
    assert staff.remove_cards("ann", by=BOSS) == 1
    assert desk.ledger.rules().node.staff["ann"].cards == ()
    assert [entry.what for entry in AuditEntry.objects.filter(who="boss")] == [
        "staff_added",
        "card_added",
        "card_added",
        "cards_removed",
    ]


def test_a_card_is_one_persons(sqlite_desk: DeskContext) -> None:
    add("ann")
    add("ben")
    staff.add_card("ann", "DEADBEEF", by=BOSS)
    with pytest.raises(StaffError, match="card_taken"):
        staff.add_card("ben", "de-ad-be-ef", by=BOSS)
    with pytest.raises(StaffError, match="username_unknown"):
        staff.add_card("nobody", "CAFEBABE", by=BOSS)


def test_nobody_has_more_cards_than_allowed(sqlite_desk: DeskContext) -> None:
    add("ann")
    for n in range(limits.CARDS_PER_STAFF_MAX):
        staff.add_card("ann", f"DEADBEE{n}", by=BOSS)
    with pytest.raises(StaffError, match="cards_too_many"):
        staff.add_card("ann", "CAFEBABE", by=BOSS)


@pytest.mark.parametrize("text", ["", "DEAD", "DEADBEEG", "D" * 33, "卡" * 8, "0" * 65])
def test_what_is_no_cards_number_is_refused(sqlite_desk: DeskContext, text: str) -> None:
    add("ann")
    with pytest.raises(ValueError, match="card"):
        card_number(text)
    with pytest.raises(StaffError, match="card_malformed"):
        staff.add_card("ann", text, by=BOSS)


@pytest.mark.parametrize(
    "text", ["０４Ａ２２Ｂ５Ａ", "04 a2 2b 5a", "04:A2:2B:5A", "04-a2-2b-5a\t"]
)
def test_a_number_has_one_spelling(text: str) -> None:
    assert card_number(text) == "04A22B5A"


def test_rules_published_before_there_were_keys_and_cards_are_read() -> None:
    body = (
        b'{"version": 3, "node": "venue", '
        b'"terminals": {"t": {"id": "t", "name": "north-1", "role": "gate"}}, '
        b'"staff": {"ann": {"username": "ann", "name": "Ann", "role": "steward"}}}'
    )
    read = decode_layer("node", body)
    assert isinstance(read, NodeRules)
    assert read.terminals["t"].public_key == ""
    assert read.staff["ann"].cards == ()


@pytest.mark.parametrize(
    "text", ["https://paifang-ab12.local:8443/terminal/#pair=7K3M9QX2TB", "x", "https://例子/"]
)
def test_the_qr_of_the_command_line_is_read_back(text: str) -> None:
    lines = qr_text(text).split("\n")
    light = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
    rows = [bytes(light[char][half] for char in line) for line in lines for half in (0, 1)]
    big = [bytes(value for value in row for _ in range(4)) for row in rows for _ in range(4)]
    image = memoryview(b"".join(big)).cast("B", (len(big), len(big[0])))
    (found,) = zxingcpp.read_barcodes(image)
    assert found.text == text
