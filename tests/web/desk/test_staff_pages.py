"""The manager's pages of staff: added, changed, suspended; the table of roles as it is asked."""

import re

import pytest
from django.test import Client

from paifang.core.rules import Role, Staff
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.permissions import ALLOWED, Act
from paifang.services.desk.staff import make_staff
from paifang.services.live.pins import check_pin
from paifang.store.models import AuditEntry, User

PASSWORD = "tea-leaf-42"
NEW = {
    "username": "li.wei",
    "name": "李伟",
    "role": "cashier",
    "language": "zh-hans",
    "password": "lake-stone-9",
    "again": "lake-stone-9",
    "pin": "4711",
}


@pytest.fixture
def client(sqlite_desk: DeskContext) -> Client:
    make_staff("eve", name="Eve Fox", role=Role.manager, password=PASSWORD)
    make_staff("ann", name="Ann Lee", role=Role.steward, password=PASSWORD, pin="1234")
    publish()
    return window("eve")


def window(username: str, language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language, "X-Forwarded-For": "10.0.0.9"})
    client.force_login(User.objects.get(username=username))
    return client


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<(script|svg).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))


def test_somebody_who_is_added_signs_in_and_sees_the_menu_of_their_role(client: Client) -> None:
    answer = client.post("/desk/new-staff/", NEW, follow=True)
    assert "李伟 can sign in now." in answer.text
    other = Client(headers={"Accept-Language": "en"})
    other.post("/sign-in/", {"username": "li.wei", "password": "lake-stone-9"})
    page = other.get("/").text
    assert "选择闸口" in page
    assert "/desk/staff/" not in page
    assert other.get("/desk/staff/").status_code == 403
    told = AuditEntry.objects.get(what="staff_added")
    assert (told.who, told.subject, told.where) == ("eve", "li.wei cashier", "10.0.0.9")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"username": "li wei"}, "Use small letters"),
        ({"username": "ANN"}, "Somebody has this user name"),
        ({"name": "  "}, "what the person is called"),
        ({"password": "short", "again": "short"}, "Too short"),
        ({"again": "other"}, "not alike"),
        ({"pin": "12"}, "4 to 12 digits"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(
    client: Client, changed: dict[str, str], words: str
) -> None:
    answer = client.post("/desk/new-staff/", {**NEW, **changed})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert words in plain(answer.text)
    for name in ("username", "name"):
        assert f'value="{changed.get(name, NEW[name]).strip()}"' in answer.text
    assert NEW["password"] not in answer.text
    assert User.objects.count() == 2


def test_a_new_role_holds_from_the_next_request_on(
    client: Client, sqlite_desk: DeskContext
) -> None:
    ann = window("ann")
    assert ann.get("/desk/doors/").status_code == 403
    body = {"name": "Ann Sun", "role": "supervisor", "language": "en"}
    assert client.post("/desk/staff/ann/", body).status_code == 302
    assert ann.get("/desk/doors/").status_code == 200
    assert sqlite_desk.ledger.rules().node.staff["ann"].role is Role.supervisor
    assert AuditEntry.objects.get(what="staff_changed").subject == "ann steward > supervisor"


def test_a_pin_and_a_card_hold_at_the_gates_and_can_be_taken(
    client: Client, sqlite_desk: DeskContext
) -> None:
    def known() -> Staff:
        return sqlite_desk.ledger.rules().node.staff["ann"]

    client.post("/desk/staff/ann/pin/", {"pin": "98765"})
    client.post("/desk/staff/ann/card/", {"card": "04:A2:2B:5A"})
    assert check_pin("98765", known())
    assert len(known().cards) == 1
    assert "1 card" in plain(client.get("/desk/staff/").text)
    assert client.post("/desk/staff/ann/card/", {"card": "xyz"}).status_code == 422
    client.post("/desk/staff/ann/card/", {"remove": "1"})
    client.post("/desk/staff/ann/pin/", {"pin": ""})
    assert known().cards == ()
    assert known().pin_hash == ""


def test_who_is_suspended_is_out_at_once_and_the_reason_is_kept(client: Client) -> None:
    ann = window("ann")
    assert client.post("/desk/staff/ann/active/", {}).status_code == 422
    client.post("/desk/staff/ann/active/", {"why": "left us"})
    assert "Sign in" in ann.get("/").text
    told = AuditEntry.objects.get(what="staff_ended")
    assert (told.who, told.subject, told.why) == ("eve", "ann", "left us")
    client.post("/desk/staff/ann/active/", {"back": "1"})
    assert User.objects.get(username="ann").is_active


def test_no_manager_locks_the_managers_out(client: Client) -> None:
    body = {"name": "Eve", "role": "steward"}
    assert client.post("/desk/staff/eve/", body).status_code == 422
    assert client.post("/desk/staff/eve/active/", {"why": "x"}).status_code == 422
    make_staff("max", name="Max", role=Role.manager, password=PASSWORD)
    assert client.post("/desk/staff/max/", {"name": "Max", "role": "steward"}).status_code == 302
    assert User.objects.get(username="eve").role == "manager"


def test_only_who_may_repair_takes_over_who_may_repair(client: Client) -> None:
    make_staff("zoe", name="Zoe", role=Role.manager, password=PASSWORD, superuser=True)
    answer = client.post("/desk/staff/zoe/active/", {"why": "mine now"})
    assert answer.status_code == 422
    assert "may repair data" in answer.text
    assert User.objects.get(username="zoe").is_active
    assert window("zoe").post("/desk/staff/eve/active/", {"why": "gone"}).status_code == 302


def test_auditors_look_at_the_staff_and_change_nobody(client: Client) -> None:
    make_staff("tom", name="Tom", role=Role.auditor, password=PASSWORD)
    tom = window("tom")
    assert tom.get("/desk/staff/ann/").status_code == 200
    assert "<form" not in tom.get("/desk/staff/ann/").text.partition('id="content"')[2]
    assert tom.post("/desk/staff/ann/", {"name": "x", "role": "manager"}).status_code == 403
    assert User.objects.get(username="ann").role == "steward"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_table_of_roles_on_the_page_is_the_one_that_is_asked(
    client: Client, language: str
) -> None:
    page = window("eve", language).get("/desk/roles/").text
    chinese = re.compile("[\u4e00-\u9fff]")
    for act in Act:
        row = re.search(rf'<tr data-act="{act.value}">(.*?)</tr>', page, re.DOTALL)
        assert row
        words, *cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row[1], re.DOTALL)
        assert bool(chinese.search(words)) == (language == "zh-hans")
        assert ["#tick" in cell for cell in cells] == [role in ALLOWED[act] for role in Role]


def test_who_stands_at_no_gate_comes_to_what_they_may_open(client: Client) -> None:
    make_staff("tom", name="Tom", role=Role.auditor, password=PASSWORD)
    make_staff("ming", name="Ming", role=Role.regulator, password=PASSWORD)
    for username in ("tom", "ming"):
        opened = window(username).get("/", follow=True)
        assert opened.status_code == 200
        assert opened.redirect_chain
        assert 'ul class="gates"' not in opened.text
    assert "Regulator" in window("ming").get("/desk/account/").text
