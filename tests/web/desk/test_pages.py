"""The pages: complete in both languages, nothing inline, nothing for strangers."""

import json
import re

import pytest
from django.test import Client

from paifang.core.reasons import Reason
from paifang.core.rules import Role
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.staff import make_staff
from paifang.services.desk.terminals import revoke_terminal
from paifang.store.models import AuditEntry, Gate
from tests.desk_makers import BOSS, Venue, make_venue

PASSWORD = "tea-leaf-42"
LANGUAGES = ["en", "zh-hans"]


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    made = make_venue()
    make_staff("ann", name="Ann Lee", role=Role.steward, password=PASSWORD)
    make_staff("bob", name="Bob Sun", role=Role.supervisor, password=PASSWORD, pin="4711")
    make_staff("eve", name="Eve Fox", role=Role.manager, password=PASSWORD, superuser=True)
    publish()
    return made


def signed_in(username: str = "ann", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.post("/sign-in/", {"username": username, "password": PASSWORD})
    return client


def data_of(page: str) -> dict:  # type: ignore[type-arg]
    found = re.search(r'<script id="page" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_gate_has_words_for_every_reason(venue: Venue, language: str) -> None:
    page = signed_in(language=language).get(f"/scan/{venue.terminal.name}/").text
    data = data_of(page)
    assert f'<html lang="{language}">' in page
    assert set(data["reasons"]) == {reason.value for reason in Reason}
    chinese = re.compile("[\u4e00-\u9fff]")
    for words in data["reasons"].values():
        assert bool(chinese.search(words["word"])) == (language == "zh-hans")
        assert bool(chinese.search(words["sentence"])) == (language == "zh-hans")
    for text in data["words"].values():
        plain = re.sub(r"\{\w+\}", "", text)
        assert language == "en" or chinese.search(plain) or not re.search("[A-Za-z]", plain)


def test_the_page_of_a_gate_names_only_who_may_overrule_it(venue: Venue) -> None:
    data = data_of(signed_in().get(f"/scan/{venue.terminal.name}/").text)
    assert [person["username"] for person in data["supervisors"]] == ["bob"]
    assert data["gates"][0]["slug"] == venue.gate.slug
    assert not data["reasons"]["forged"]["overridable"]
    assert data["reasons"]["already_used"]["overridable"]


@pytest.mark.parametrize("path", ["/", "/scan/fair-1/", "/enrol", "/nowhere/"])
def test_nothing_on_a_page_is_inline_or_from_elsewhere(venue: Venue, path: str) -> None:
    answer = signed_in().get(path)
    policy = answer["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy
    assert answer["X-Frame-Options"] == "DENY"
    page = answer.text
    assert not re.search(r"\s(?:style|on\w+)=", page)
    assert "<style" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    for script in re.findall(r"<script[^>]*>", page):
        assert "src=" in script or 'type="application/json"' in script


def test_what_a_page_loads_is_there(venue: Venue) -> None:
    client = signed_in()
    page = client.get(f"/scan/{venue.terminal.name}/").text
    addresses = {a.split("#")[0] for a in re.findall(r'"(/static/[^"]+)"', page)}
    assert len(addresses) > 5
    for address in sorted(addresses):
        answer = client.get(address)
        assert answer.status_code == 200, address
        answer.close()


def test_strangers_see_no_gate(venue: Venue) -> None:
    stranger = Client()
    assert stranger.get(f"/scan/{venue.terminal.name}/").status_code == 302
    assert stranger.post("/scan-token/", {"terminal": venue.terminal.name}).status_code == 401


def test_a_token_is_given_for_a_gate_and_written_down(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    answer = signed_in().post("/scan-token/", {"terminal": venue.terminal.name})
    read = sqlite_desk.keys.read_scan_token(answer.json()["token"])
    assert read is not None
    assert (read.terminal, read.staff) == (venue.terminal.pk.hex, "ann")
    assert read.until_s == answer.json()["until"]
    told = AuditEntry.objects.get(what="scan_token")
    assert (told.who, told.subject) == ("ann", venue.terminal.name)


def test_a_withdrawn_terminal_gets_no_token_and_no_page(venue: Venue) -> None:
    revoke_terminal(venue.terminal.name, by=BOSS)
    client = signed_in()
    answer = client.post("/scan-token/", {"terminal": venue.terminal.name})
    assert (answer.status_code, answer.json()["code"]) == (404, "terminal_revoked")
    assert client.get(f"/scan/{venue.terminal.name}/").status_code == 404
    assert venue.terminal.name not in client.get("/").text


@pytest.mark.parametrize(
    ("language", "words"), [("en", "This page does not exist"), ("zh-CN", "不存在")]
)
def test_a_page_that_is_not_there_says_so_in_the_visitors_language(
    venue: Venue, language: str, words: str
) -> None:
    answer = Client(headers={"Accept-Language": language}).get("/nowhere/")
    assert answer.status_code == 404
    assert words in answer.text


def test_a_chosen_language_holds_against_the_browsers(venue: Venue) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.post("/language/", {"language": "zh-hans", "next": "/"})
    assert '<html lang="zh-hans">' in client.get("/").text


def test_somebody_without_a_language_keeps_the_browsers_after_signing_in(venue: Venue) -> None:
    assert '<html lang="zh-hans">' in signed_in(language="zh-CN").get("/").text


def test_names_are_shown_as_text_whatever_is_in_them(venue: Venue) -> None:
    Gate.objects.filter(pk=venue.gate.pk).update(name='<b>"</script>')
    client = signed_in()
    assert '<b>"</script>' not in client.get("/").text
    page = client.get(f"/scan/{venue.terminal.name}/").text
    assert data_of(page)["gates"][0]["name"] == '<b>"</script>'


def test_a_repair_by_hand_reaches_the_gates_and_the_audit(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    client = signed_in("eve")
    address = f"/desk/repair/store/zone/{venue.zone.pk}/change/"
    body = {
        "name": "Hall",
        "name_zh": "展馆",
        "site": str(venue.site.pk),
        "slug": venue.zone.slug,
        "cap": "77",
        "alarm_percent": "80",
    }
    assert client.post(address, body).status_code == 302
    assert sqlite_desk.ledger.rules().centre.zones[venue.zone.slug].cap == 77
    assert AuditEntry.objects.get(what="repair").who == "eve"


def test_the_admin_only_shows_what_the_journal_says(venue: Venue) -> None:
    client = signed_in("eve")
    assert client.get("/desk/repair/store/projectedticket/").status_code == 200
    for table in ("projectedticket", "projectedadmission", "auditentry"):
        assert client.get(f"/desk/repair/store/{table}/add/").status_code == 403
