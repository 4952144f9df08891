"""What the tests of imports do on the pages, step by step."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.projector import project_all
from paifang.services.desk.staff import make_staff
from paifang.store.models import (
    Import,
    ProjectedTicket,
    User,
)
from tests.desk_makers import Venue, commit, make_venue, shown

PASSWORD = "tea-leaf-42"


@pytest.fixture
def venue(desk: DeskContext) -> Venue:
    """Both engines: what an import remembers must be the same on each."""
    return prepared()


@pytest.fixture
def fair(sqlite_desk: DeskContext) -> Venue:
    return prepared()


def prepared() -> Venue:
    made = make_venue()
    make_staff("eve", name="Eve Fox", role=Role.manager, password=PASSWORD)
    make_staff("cai", name="Cai Wu", role=Role.cashier, password=PASSWORD)
    publish()
    return made


def signed_in(username: str = "eve", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(User.objects.get(username=username))
    return client


def csv_of(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\n".join(lines).encode(encoding)


def send(client: Client, body: bytes, name: str = "guests.csv") -> tuple[int, str]:
    """Upload a list; status and page, followed to where it leads."""
    file = SimpleUploadedFile(name, body)
    answer = client.post("/desk/import/", {"event": "fair", "list": file}, follow=True)
    return answer.status_code, answer.text


def newest() -> Import:
    return Import.objects.order_by("-id")[0]


def act(client: Client, name: str, **form: object) -> tuple[int, str]:
    answer = client.post(f"/desk/import/{newest().pk}/{name}/", form, follow=True)
    return answer.status_code, answer.text


def work() -> None:
    """Run all jobs there are."""
    while run_next(HANDLERS):
        pass


def check(client: Client, columns: Sequence[str] | None = None, product: str = "") -> Import:
    told = newest().meanings if columns is None else list(columns)
    assert act(client, "check", column=told, header="1", product=product)[0] == 200
    work()
    return newest()


def import_all(client: Client, body: bytes) -> Import:
    """Upload, check with the columns as recognised, import."""
    assert send(client, body)[0] == 200
    check(client)
    act(client, "run")
    work()
    return newest()


def counts(one: Import) -> tuple[int, int, int, int, int]:
    return one.rows, one.created, one.unchanged, one.updated, one.rejected


def holders() -> list[str]:
    project_all()
    return sorted(
        ProjectedTicket.objects.filter(status=Status.valid).values_list("holder", flat=True)
    )


def files(desk: DeskContext) -> list[Path]:
    folder = desk.data / "files" / "imports"
    return list(folder.iterdir()) if folder.is_dir() else []


def enter(desk: DeskContext, venue: Venue, holder: str) -> None:
    """Let somebody in by their code."""
    ticket = ProjectedTicket.objects.get(holder=holder).ticket
    event = desk.ledger.rules().centre.events[venue.event.number]
    sealed = desk.ledger.sealed([ticket.bytes], "code")[ticket.bytes]
    code = desk.keys.unseal(event, sealed)
    (answer,) = commit(desk, shown(desk, venue, code, f"in-{holder}"))
    assert answer.decoded().reason == "ok"  # type: ignore[attr-defined]
