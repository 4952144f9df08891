"""The second factor: asked for at every way in, counted, recovered, taken away by a manager."""

import os
import re
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk import staff_links
from paifang.services.desk.context import DeskContext
from paifang.services.desk.staff import make_staff
from paifang.services.live.keys import Keys, Secrets
from paifang.store.models import AuditEntry, User
from tests import desk_fixtures
from tests.desk_fixtures import Place, desk_at
from tests.desk_makers import BOSS
from tests.ledger.engines import NODE

PASSWORD = "tea-leaf-42"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def ann(sqlite_desk: DeskContext) -> User:
    return make_staff("ann", name="Ann Lee", role=Role.steward, password=PASSWORD)


def window(where: str = "10.0.0.1") -> Client:
    return Client(headers={"Accept-Language": "en", "X-Forwarded-For": where})


def with_password(client: Client, password: str = PASSWORD) -> int:
    return client.post("/sign-in/", {"username": "ann", "password": password}).status_code


def code_now(secret: str = SECRET, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def is_in(client: Client) -> bool:
    return "Sign out" in client.get("/").text


def confirmed(client: Client, path: str) -> str:
    """Open a sensitive page by typing the password again; return the page."""
    first = client.get(path)
    assert first.status_code == 302
    assert first["Location"].startswith("/desk/account/confirm/")
    refused = client.post(first["Location"], {"password": "wrong"})
    assert refused.status_code == 422
    opened = client.post(first["Location"], {"password": PASSWORD, "next": path}, follow=True)
    assert opened.status_code == 200
    return opened.text


def test_a_phone_becomes_the_second_factor_and_is_asked_for_from_then_on(ann: User) -> None:
    client = window()
    with_password(client)
    page = confirmed(client, "/desk/account/second-factor/")
    assert 'src="data:image/svg+xml;base64,' in page
    secret = re.search(r'id="secret"\s+value="([A-Z2-7]+)"', page)
    assert secret
    assert client.post("/desk/account/second-factor/", {"code": "000000"}).status_code == 422
    shown = client.post(
        "/desk/account/second-factor/", {"code": code_now(secret[1])}, follow=True
    ).text
    codes = re.findall(r"<li>(\d{8})</li>", shown)
    assert len(codes) == 10
    again = client.get("/desk/account/recovery-codes/").text
    assert codes[0] not in again
    assert "shown once" in again
    kept = str(list(Authenticator.objects.values()))
    assert secret[1] not in kept
    other = window()
    assert with_password(other) == 302
    assert not is_in(other)
    assert other.post("/sign-in/code/", {"code": codes[0]}).status_code == 302
    assert is_in(other)
    third = window()
    with_password(third)
    assert third.post("/sign-in/code/", {"code": codes[0]}).status_code == 422
    told = [entry.what for entry in AuditEntry.objects.filter(who="ann")]
    assert told.count("sign_in") == 2
    assert "second_factor_on" in told


def test_nobody_is_in_before_the_second_factor(ann: User) -> None:
    TOTP.activate(ann, SECRET)
    client = window()
    assert with_password(client) == 302
    for path in ("/desk/account/", "/scan/fair-1/", "/desk/repair/", "/desk/account/confirm/"):
        assert client.get(path).status_code == 302
    assert client.post("/scan-token/", {"terminal": "x"}).status_code == 401
    assert not is_in(client)
    assert not AuditEntry.objects.filter(what="sign_in").exists()
    assert client.post("/sign-in/code/", {"code": code_now()}).status_code == 302
    assert is_in(client)


def test_a_code_is_good_once(ann: User) -> None:
    TOTP.activate(ann, SECRET)
    code = code_now(steps=1)
    for client, answer in ((window(), 302), (window(), 422)):
        with_password(client)
        assert client.post("/sign-in/code/", {"code": code}).status_code == answer


def test_wrong_codes_lock_the_account_whatever_the_address_and_the_password_between(
    ann: User,
) -> None:
    TOTP.activate(ann, SECRET)
    answers = []
    for n in range(limits.SIGN_IN_TRIES_MAX):
        client = window(f"192.0.2.{n}")
        assert with_password(client) == 302
        answers.append(client.post("/sign-in/code/", {"code": "000000"}).status_code)
    assert answers == [422] * (limits.SIGN_IN_TRIES_MAX - 1) + [429]
    client = window("192.0.2.99")
    with_password(client)
    locked = client.post("/sign-in/code/", {"code": code_now()})
    assert locked.status_code == 429
    assert 0 < int(locked["Retry-After"]) <= limits.SIGN_IN_WINDOW_S
    assert not is_in(client)
    assert AuditEntry.objects.filter(what="second_factor_failed").count() == len(answers)


def test_a_right_password_does_not_forgive_wrong_ones_before_the_code_is_right(ann: User) -> None:
    TOTP.activate(ann, SECRET)
    client = window()
    for _ in range(limits.SIGN_IN_TRIES_MAX - 1):
        with_password(client, "wrong")
    assert with_password(client) == 302
    assert with_password(client, "wrong") == 429


def test_a_link_for_a_new_password_does_not_go_around_the_second_factor(ann: User) -> None:
    TOTP.activate(ann, SECRET)
    link = staff_links.password_link("ann", by=BOSS)
    shown = staff_links.shown_link(link.pk, BOSS)
    assert shown is not None
    client = window()
    body = {"password": "lake-stone-9", "again": "lake-stone-9"}
    client.post(f"/new-password/{shown[1]}/", body, follow=True)
    assert not is_in(client)
    with_password(client, "lake-stone-9")
    assert not is_in(client)


def test_a_manager_takes_a_second_factor_away_for_a_reason(ann: User) -> None:
    TOTP.activate(ann, SECRET)
    eve = make_staff("eve", name="Eve", role=Role.manager, password=PASSWORD)
    manager = window()
    manager.force_login(eve)
    assert "Take the second factor away" in manager.get("/desk/staff/ann/").text
    path = "/desk/staff/ann/second-factor/"
    assert manager.post(path, {}).status_code == 422
    assert manager.post(path, {"why": "phone in the lake"}).status_code == 302
    client = window()
    with_password(client)
    assert is_in(client)
    told = AuditEntry.objects.get(what="second_factor_reset")
    assert (told.who, told.subject, told.why) == ("eve", "ann", "phone in the lake")


def test_it_is_switched_off_only_after_confirming(ann: User) -> None:
    TOTP.activate(ann, SECRET)
    client = window()
    with_password(client)
    client.post("/sign-in/code/", {"code": code_now()})
    off = "/desk/account/second-factor/off/"
    assert client.post(off).status_code == 302
    assert Authenticator.objects.filter(user=ann).exists()
    confirmed(client, off)
    client.post(off)
    assert not Authenticator.objects.filter(user=ann).exists()


def test_sessions_are_listed_and_ended_and_are_ones_own(ann: User) -> None:
    here, there = window("10.0.0.1"), window("10.0.0.2")
    with_password(here)
    with_password(there)
    page = here.get("/desk/account/").text
    assert "10.0.0.2" in page
    other = UserSession.objects.get(ip="10.0.0.2")
    ben = make_staff("ben", name="Ben", role=Role.steward, password=PASSWORD)
    stranger = window()
    stranger.force_login(ben)
    assert stranger.post(f"/desk/account/sessions/{other.pk}/end/").status_code == 404
    assert is_in(there)
    here.post(f"/desk/account/sessions/{other.pk}/end/")
    assert not is_in(there)
    assert is_in(here)


def test_ones_own_password_is_changed_with_the_old_one_and_ends_other_sessions(ann: User) -> None:
    here, there = window(), window()
    with_password(here)
    with_password(there)
    new = {"password": "lake-stone-9", "again": "lake-stone-9"}
    path = "/desk/account/password/"
    assert here.post(path, {**new, "old": "wrong"}).status_code == 422
    assert here.post(path, {**new, "old": PASSWORD, "again": "x"}).status_code == 422
    assert here.post(path, {**new, "old": PASSWORD}).status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert with_password(window(), "lake-stone-9") == 302


@pytest.mark.parametrize(
    "path",
    ["accounts/login/", "accounts/signup/", "sign-up/", "accounts/password/reset/", "login/"],
)
def test_there_is_no_other_way_in(ann: User, path: str) -> None:
    assert window().get(f"/{path}").status_code == 404
    assert window().post(f"/{path}", {"username": "ann", "password": PASSWORD}).status_code == 404


TRIES = """
import sys
import django
django.setup()
from pathlib import Path
from paifang.services.desk.context import DeskContext, install
from paifang.services.live.keys import Keys, Secrets
install(DeskContext(None, Keys(Secrets(*sys.argv[2:])), Path()))
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
print(TOTP(Authenticator.objects.get()).validate_code(sys.argv[1]))
"""
"""What a desk process does with a code, in a process of its own."""


def test_a_code_used_at_one_desk_process_is_used_at_the_others(
    store: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, secrets = connection.settings_dict, ("aa" * 32, "bb" * 32, NODE)
    monkeypatch.setattr(desk_fixtures, "make_keys", lambda: Keys(Secrets(*secrets)))
    with desk_at(store):
        TOTP.activate(make_staff("ann", name="Ann", role=Role.steward, password=PASSWORD), SECRET)
    environment = {**os.environ, "PAIFANG_DATA": str(store.folder)}
    if connection.vendor == "postgresql":
        host = f"host={quote(told['HOST'])}"
        environment["PAIFANG_DATABASE"] = f"postgresql://{told['USER']}@/{told['NAME']}?{host}"
    code = code_now()
    others = [
        subprocess.Popen(
            [sys.executable, "-c", TRIES, code, *secrets],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [one.communicate(timeout=60)[0].strip() for one in others]
    assert sorted(said) == ["False", "False", "True"]
