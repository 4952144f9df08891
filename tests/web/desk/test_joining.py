"""One-time links: the first run, invitations and new passwords work once, and lead nowhere else."""

import re

import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk import first_run, staff_links
from paifang.services.desk.context import DeskContext
from paifang.services.desk.staff import Account, make_staff
from paifang.store.models import AuditEntry, Organiser, StaffLink, User
from tests.desk_makers import BOSS

PASSWORD = "tea-leaf-42"
SECRETS = {"password": "lake-stone-9", "again": "lake-stone-9"}
FIRST = {
    **SECRETS,
    "organiser": "东湖会展",
    "name": "Lin Yue",
    "username": "lin",
    "pin": "4711",
    "language": "en",
}


def window(language: str = "en") -> Client:
    return Client(headers={"Accept-Language": language, "X-Forwarded-For": "10.0.0.9"})


def code_of() -> str:
    return first_run.link("").partition("code=")[2]


@pytest.fixture
def manager(sqlite_desk: DeskContext) -> Client:
    make_staff("eve", name="Eve Fox", role=Role.manager, password=PASSWORD)
    client = window()
    client.force_login(User.objects.get(username="eve"))
    return client


def link_on(page: str) -> str:
    found = re.search(r'value="http://testserver(/[^"]+)"', page)
    assert found
    return found[1]


def invited(manager: Client, **more: str) -> str:
    body = {"name": "李伟", "role": "cashier", "language": "", **more}
    return link_on(manager.post("/desk/invitations/new/", body, follow=True).text)


def test_an_empty_installation_is_set_up_once_in_the_browser(desk: DeskContext) -> None:
    assert "set-up link" in window().get("/").text
    client, code = window(), code_of()
    assert "Welcome" in client.get(f"/first-run/?code={code}").text
    opened = client.post("/first-run/", {**FIRST, "code": code}, follow=True)
    assert opened.status_code == 200
    assert "/desk/staff/" in opened.text
    assert Organiser.objects.get().name == "东湖会展"
    user = User.objects.get()
    assert (user.username, user.role, user.is_superuser) == ("lin", "manager", True)
    assert desk.ledger.rules().node.staff["lin"].role is Role.manager
    assert AuditEntry.objects.get(what="first_run").where == "10.0.0.9"
    assert first_run.link("") == ""
    again = window().post("/first-run/", {**FIRST, "username": "mallory", "code": code})
    assert again.status_code == 410
    assert window().get(f"/first-run/?code={code}").status_code == 410
    assert User.objects.count() == 1


def test_nobody_sets_up_without_the_link(sqlite_desk: DeskContext) -> None:
    for code in ("", "x", "0" * 32, "ä"):
        assert window().get("/first-run/", {"code": code}).status_code == 410
        assert window().post("/first-run/", {**FIRST, "code": code}).status_code == 410
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"organiser": " "}, "organiser"),
        ({"username": "Lin Yue"}, "username"),
        ({"name": ""}, "name"),
        ({"password": "short", "again": "short"}, "password"),
        ({"again": "lake"}, "again"),
        ({"pin": "1"}, "pin"),
    ],
)
def test_a_first_run_with_a_fault_makes_nothing_and_keeps_what_was_typed(
    sqlite_desk: DeskContext, changed: dict[str, str], field: str
) -> None:
    answer = window().post("/first-run/", {**FIRST, **changed, "code": code_of()})
    assert answer.status_code == 422
    assert f'aria-describedby="{field}-wrong"' in answer.text
    assert 'value="东湖会展"' in answer.text or field == "organiser"
    assert not User.objects.exists()
    assert not Organiser.objects.exists()


def test_somebody_invited_chooses_their_own_secrets_and_has_the_role(
    manager: Client, sqlite_desk: DeskContext
) -> None:
    link = invited(manager)
    assert "李伟" in manager.get("/desk/staff/").text
    guest = window()
    assert "Cashier" in guest.get(link).text
    opened = guest.post(link, {**SECRETS, "username": "li.wei", "pin": "4711"}, follow=True)
    assert opened.status_code == 200
    user = User.objects.get(username="li.wei")
    assert (user.name, user.role, user.check_password("lake-stone-9")) == ("李伟", "cashier", True)
    assert sqlite_desk.ledger.rules().node.staff["li.wei"].pin_hash
    assert guest.get("/desk/staff/").status_code == 403
    assert window().get(link).status_code == 410
    assert window().post(link, {**SECRETS, "username": "second"}).status_code == 410
    told = [entry.what for entry in AuditEntry.objects.all()]
    assert told[:2] == ["staff_invited", "invitation_accepted"]


def test_a_faulty_answer_to_an_invitation_does_not_use_it_up(manager: Client) -> None:
    link = invited(manager)
    answer = window().post(link, {**SECRETS, "username": "EVE"})
    assert answer.status_code == 422
    assert "Somebody has this user name" in answer.text
    assert window().post(link, {**SECRETS, "username": "li.wei"}).status_code == 302


def test_a_withdrawn_or_late_invitation_leads_nowhere(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = invited(manager)
    pk = StaffLink.objects.get().pk
    manager.post(f"/desk/invitations/{pk}/withdraw/")
    assert "withdrawn" in window().get(link).text
    late = invited(manager)
    now_ms = staff_links.now_ms() + limits.INVITATION_S * 1000
    monkeypatch.setattr(staff_links, "now_ms", lambda: now_ms)
    assert window().get(late).status_code == 410
    assert window().post(late, {**SECRETS, "username": "x"}).status_code == 410
    assert "李伟" not in manager.get("/desk/staff/").text
    assert User.objects.count() == 1


def test_a_new_password_by_link_ends_the_sessions_and_signs_nobody_in(manager: Client) -> None:
    make_staff("ann", name="Ann Lee", role=Role.steward, password=PASSWORD)
    ann = window()
    ann.force_login(User.objects.get(username="ann"))
    link = link_on(manager.post("/desk/staff/ann/password-link/", follow=True).text)
    newer = link_on(manager.post("/desk/staff/ann/password-link/", follow=True).text)
    assert window().get(link).status_code == 410
    visitor = window()
    assert visitor.post(newer, {"password": "x", "again": "x"}).status_code == 422
    opened = visitor.post(newer, SECRETS, follow=True)
    assert "Sign in with it" in opened.text
    assert 'name="password"' in opened.text
    assert "Sign in" in ann.get("/").text
    assert window().post(newer, SECRETS).status_code == 410
    signed = visitor.post("/sign-in/", {"username": "ann", "password": "lake-stone-9"})
    assert signed.status_code == 302


def test_no_plain_manager_takes_over_who_may_repair_by_a_link(manager: Client) -> None:
    make_staff("zoe", name="Zoe", role=Role.manager, password=PASSWORD, superuser=True)
    answer = manager.post("/desk/staff/zoe/password-link/", follow=True)
    assert "may repair data" in answer.text
    assert not StaffLink.objects.exists()


def test_the_secret_of_a_link_is_not_in_the_store(sqlite_desk: DeskContext) -> None:
    link = staff_links.invite(Account("Li", Role.steward), by=BOSS)
    shown = staff_links.shown_link(link.pk, BOSS)
    assert shown is not None
    secret = shown[1]
    assert len(secret) == 32
    assert secret not in str([*StaffLink.objects.values(), *AuditEntry.objects.values()])
    assert staff_links.opened(secret).pk == link.pk
