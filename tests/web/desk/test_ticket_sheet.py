"""The list of tickets as a file: with the page's filter, for those who may take people out."""

import csv
import io

import pytest
from django.test import Client

from paifang.core.rules import Role
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.projector import project_all
from paifang.services.desk.staff import make_staff
from paifang.store.models import AuditEntry, User
from tests.desk_makers import issue, make_venue

PEOPLE = [
    Attendee(name="欧阳娜娜", reference="A-1", company="茶庄", phone="13800138000"),
    Attendee(name="=1+1", reference="A-2", company="Acme"),
]


@pytest.fixture
def made(desk: DeskContext) -> list[str]:
    """Return the serials of two tickets."""
    venue = make_venue()
    for name, role in (("eve", Role.manager), ("cai", Role.cashier)):
        make_staff(name, name=name, role=role, password="tea-leaf-42")
    serials = [one.serial for one in issue(desk, venue, PEOPLE)]
    project_all()
    return serials


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def rows(query: str) -> list[dict[str, str]]:
    answer = signed_in("eve").get(f"/desk/tickets/?format=csv&{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


def test_the_file_holds_what_the_page_shows(made: list[str]) -> None:
    everybody = rows("")
    assert {row["Full name"] for row in everybody} == {"欧阳娜娜", "'=1+1"}
    assert {row["Serial"].lstrip("'") for row in everybody} == set(made)
    (found,) = rows("q=欧阳")
    assert (found["Phone"], found["Company"], found["State"]) == ("13800138000", "茶庄", "Valid")
    assert [row["Reference"] for row in rows("company=Acme")] == ["A-2"]
    assert rows("used=yes") == rows("status=void") == rows("session=7") == []
    told = AuditEntry.objects.filter(what="export").values_list("who", "subject")
    assert set(told) >= {("eve", "tickets 2 csv"), ("eve", "tickets 1 csv")}


def test_who_may_find_people_may_not_take_them_out(made: list[str]) -> None:
    cashier = signed_in("cai")
    page = cashier.get("/desk/tickets/")
    assert page.status_code == 200
    assert "format=csv" not in page.text
    assert "format=csv" in signed_in("eve").get("/desk/tickets/").text
    assert cashier.get("/desk/tickets/?format=csv").status_code == 403
    assert not AuditEntry.objects.filter(what="export").exists()
