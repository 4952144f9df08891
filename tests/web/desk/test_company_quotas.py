"""Exhibitors' quotas: set, handed out of, never exceeded, whoever asks at once."""

import threading

import pytest
from django.db import connection
from django.test import Client

from paifang.services.desk.context import DeskContext
from paifang.services.desk.projector import project_all
from paifang.services.desk.tickets.company_quotas import company_quotas
from paifang.store.models import AuditEntry, CompanyQuota, ProjectedTicket
from tests.desk_makers import BOSS, Venue
from tests.projected import project_at_once
from tests.web.desk.import_steps import signed_in, venue

__all__ = ["venue"]

PAGE = "/desk/tickets/quotas/"


@pytest.fixture
def client(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> Client:
    project_at_once(monkeypatch)
    return signed_in()


def grant(client: Client, venue: Venue, company: str, count: object) -> tuple[int, str]:
    wish = {"company": company, "product": venue.product.number, "count": count}
    answer = client.post(PAGE, wish, follow=True)
    return answer.status_code, answer.text


def hand_out(client: Client, quota: CompanyQuota, count: int, **more: object) -> tuple[int, str]:
    wish = {"quota": quota.pk, "count": count, "why": "contract", **more}
    answer = client.post("/desk/tickets/hand-out/", wish, follow=True)
    return answer.status_code, answer.text


def numbers() -> list[tuple[str, int, int, int]]:
    return [(q.row.company, q.granted, q.given, q.left) for q in company_quotas(by=BOSS)]


def test_a_company_gets_what_it_was_granted_and_no_more(client: Client, venue: Venue) -> None:
    assert grant(client, venue, "Höhenweg 茶业", 5)[0] == 200
    quota = CompanyQuota.objects.get()
    form = client.get(f"/desk/tickets/hand-out/?quota={quota.pk}").text
    assert "Out of the quota of Höhenweg 茶业: 5 are left." in form
    assert 'value="Höhenweg 茶业"' in form
    assert hand_out(client, quota, 3)[0] == 200
    assert numbers() == [("Höhenweg 茶业", 5, 3, 2)]
    assert ProjectedTicket.objects.filter(company="Höhenweg 茶业").count() == 3
    status, page = hand_out(client, quota, 3)
    assert (status, "The company’s quota has not so many left." in page) == (422, True)
    assert hand_out(client, quota, 2)[0] == 200, "a smaller number in the same form is another wish"
    assert numbers() == [("Höhenweg 茶业", 5, 5, 0)]
    assert 'href="/desk/tickets/hand-out/?quota=' not in client.get(PAGE).text


def test_a_quota_is_changed_but_not_below_what_was_given(client: Client, venue: Venue) -> None:
    grant(client, venue, "Oak", 5)
    hand_out(client, CompanyQuota.objects.get(), 4)
    status, page = grant(client, venue, "  OAK ", 3)
    assert (status, "More than this were given already." in page) == (422, True)
    assert grant(client, venue, "oak", 8)[0] == 200
    assert numbers() == [("Oak", 8, 4, 4)]
    for company, count, words in (
        ("", 1, "Name the company."),
        ("Elm", "", "A number from 0"),
        ("Elm", "1e9", "A number from 0"),
    ):
        status, page = grant(client, venue, company, count)
        assert (status, words in page) == (422, True), (company, count)
    assert AuditEntry.objects.filter(what="company_quota_set").count() == 2


def test_the_list_is_searched_and_given_out(client: Client, venue: Venue) -> None:
    grant(client, venue, "Oak", 5)
    grant(client, venue, "=Elm", 2)
    page = client.get(PAGE, {"q": "oAK"}).text
    assert ("Oak" in page, "=Elm" in page) == (True, False)
    told = b"".join(client.get(PAGE, {"format": "csv"})).decode("utf-8-sig")
    assert "'=Elm,Fair,Adult,2,0" in told


def test_two_who_hand_out_at_once_give_no_more_than_there_are(
    client: Client, venue: Venue, desk: DeskContext
) -> None:
    grant(client, venue, "Oak", 10)
    quota = CompanyQuota.objects.get()
    said: list[int] = []

    def work() -> None:
        try:
            said.extend(hand_out(signed_in(), quota, 2)[0] for _ in range(4))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    project_all()
    assert sorted(said) == [200] * 5 + [422] * 3
    assert numbers() == [("Oak", 10, 10, 0)]
    assert ProjectedTicket.objects.filter(company="Oak").count() == 10


def test_a_quota_of_another_ticket_type_is_none(client: Client, venue: Venue) -> None:
    assert client.get("/desk/tickets/hand-out/?quota=x").status_code == 200
    wish = {"quota": venue.event.pk, "product": venue.product.number, "count": 1, "why": "x"}
    answer = client.post("/desk/tickets/hand-out/", {**wish, "name": "Ann"}, follow=True)
    assert answer.status_code == 422
    assert "The company has no quota of this ticket type." in answer.text
    assert not ProjectedTicket.objects.exists()
