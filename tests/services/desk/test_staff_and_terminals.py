"""Staff and terminals: what is accepted, what is not, and what is written down."""

import pytest

from paifang.core.rules import Role, TerminalRole
from paifang.services.desk import staff, terminals
from paifang.services.desk.context import DeskContext
from paifang.services.desk.staff import StaffError
from paifang.services.desk.terminals import TerminalError
from paifang.services.live.pins import check_pin
from paifang.store.models import AuditEntry, Terminal, User
from tests.desk_makers import BOSS, make_venue

PASSWORD = "tea-leaf-42"
ANN = staff.Account("Ann", Role.steward)


def add(username: str = "ann", password: str = PASSWORD, pin: str = "4711") -> User:
    return staff.add_staff(username, ANN, password=password, pin=pin, by=BOSS)


@pytest.mark.parametrize(
    ("username", "password", "pin", "code"),
    [
        ("an n", PASSWORD, "", "username_malformed"),
        ("", PASSWORD, "", "username_malformed"),
        ("李雷", PASSWORD, "", "username_malformed"),
        ("x" * 65, PASSWORD, "", "username_malformed"),
        ("ann", "short", "", "password_weak"),
        ("ann", "12345678", "", "password_weak"),
        ("ann", PASSWORD, "123", "pin_malformed"),
        ("ann", PASSWORD, "12a4", "pin_malformed"),
        ("ann", PASSWORD, "1" * 13, "pin_malformed"),
    ],
)
def test_an_account_that_is_not_acceptable_is_not_made(
    sqlite_desk: DeskContext, username: str, password: str, pin: str, code: str
) -> None:
    with pytest.raises(StaffError) as refused:
        add(username, password, pin)
    assert refused.value.code == code
    assert not User.objects.exists()


def test_a_name_is_taken_in_any_case(sqlite_desk: DeskContext) -> None:
    add("ann")
    with pytest.raises(StaffError, match="username_taken"):
        add("ANN")


def test_a_new_pin_holds_at_the_gates_and_the_old_one_no_more(sqlite_desk: DeskContext) -> None:
    add(pin="4711")
    staff.set_pin("ann", "0815", by=BOSS)
    known = sqlite_desk.ledger.rules().node.staff["ann"]
    assert check_pin("0815", known)
    assert not check_pin("4711", known)


def test_who_is_let_go_signs_nothing_any_more(sqlite_desk: DeskContext) -> None:
    add()
    staff.set_active("ann", active=False, by=BOSS)
    assert not sqlite_desk.ledger.rules().node.staff["ann"].active
    staff.set_active("ann", active=True, by=BOSS)
    assert sqlite_desk.ledger.rules().node.staff["ann"].active


def test_nobody_can_be_changed_who_is_not_there(sqlite_desk: DeskContext) -> None:
    with pytest.raises(StaffError, match="username_unknown"):
        staff.set_password("nobody", PASSWORD, by=BOSS)


def test_a_terminal_that_is_not_acceptable_is_not_made(sqlite_desk: DeskContext) -> None:
    venue = make_venue()
    for name, gates, code in (
        ("North 1", [], "name_malformed"),
        ("n=1", [], "name_malformed"),
        ("x" * 51, [], "name_malformed"),
        ("north-1", ["nowhere"], "gate_unknown"),
        (venue.terminal.name, [], "name_taken"),
    ):
        with pytest.raises(TerminalError) as refused:
            terminals.add_terminal(name, role=TerminalRole.gate, gates=gates, by=BOSS)
        assert refused.value.code == code
    assert Terminal.objects.count() == 1


def test_a_token_has_its_documented_form_and_is_kept_as_a_hash_only(
    sqlite_desk: DeskContext,
) -> None:
    terminal, token = terminals.add_terminal("kiosk-1", role=TerminalRole.kiosk, by=BOSS)
    assert token.startswith("pft_")
    assert len(token) == 36
    assert token not in str(list(terminal.tokens.values()))


def test_acts_by_hand_are_written_down(sqlite_desk: DeskContext) -> None:
    staff.add_staff("ann", ANN, password=PASSWORD, by=BOSS)
    terminals.add_terminal("kiosk-1", role=TerminalRole.kiosk, by=BOSS)
    terminals.revoke_terminal("kiosk-1", by=BOSS, why="stolen")
    told = list(AuditEntry.objects.values_list("who", "what", "why"))
    assert told == [
        ("boss", "staff_added", ""),
        ("boss", "terminal_added", ""),
        ("boss", "terminal_revoked", "stolen"),
    ]
