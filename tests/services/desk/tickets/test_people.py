"""A person across tickets: found, given out, and erased to the last byte."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from paifang.core import documents
from paifang.core.rules import Role
from paifang.ledger.opening import LedgerReader, open_reader
from paifang.ledger.verify import verify
from paifang.services.desk.context import DeskContext
from paifang.services.desk.imports.files import path_of
from paifang.services.desk.imports.uploading import upload
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.desk.projector import project_all
from paifang.services.desk.tickets.link_mail import ask_for_links
from paifang.services.desk.tickets.people import (
    add_consent_text,
    consent_texts,
    erase_person,
    person_of,
    take_consent,
    told_of,
)
from paifang.store.models import Customer, ProjectedTicket, SearchTerm
from tests.desk_makers import Venue, commit, issue, make_venue, shown
from tests.ledger.engines import server_program
from tests.projected import project_at_once

MANAGER = Actor("eve", Role.manager)
NANA = "欧阳娜娜特别"
SECRETS = (
    NANA,
    "nana.special@example.org",
    "13912345678",
    "娜娜茶庄特别",
    "P7654321",
    "REF-NANA-7",
)
OTHER = "Séan O’Brien-Kept"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    project_at_once(monkeypatch)


def nana(desk: DeskContext) -> tuple[Venue, list[bytes]]:
    """Two tickets of one person, and one of somebody else with the same address."""
    venue = make_venue()
    name, mail, phone, company, passport, reference = SECRETS
    issued = issue(
        desk,
        venue,
        [
            Attendee(
                name=name,
                email=mail,
                phone=phone,
                company=company,
                reference=reference,
                document=documents.parse("passport", passport),
            ),
            Attendee(name=name, phone=phone, reference=f"{reference}-2"),
            Attendee(name=OTHER, email=mail, reference="B-1"),
        ],
    )
    commit(desk, shown(desk, venue, issued[0].code, "in-1"))
    project_all()
    return venue, [one.command.ticket for one in issued]


def id_of(ticket: bytes) -> str:
    return ticket.hex()


def test_the_tickets_of_an_address_or_number_are_put_together(desk: DeskContext) -> None:
    _, tickets = nana(desk)
    rules = desk.ledger.rules()
    by_ticket = person_of(rules, id_of(tickets[0]), by=MANAGER)
    assert by_ticket is not None
    assert {row.ticket.bytes for row in by_ticket.rows} == set(tickets)
    assert {one.bytes for one in by_ticket.own} == set(tickets[:2])
    for asked in ("nana.special@example.org", "139 1234 5678"):
        found = person_of(rules, asked, by=MANAGER)
        assert found is not None
        assert tickets[0] in {row.ticket.bytes for row in found.rows}
    assert person_of(rules, "nobody@example.org", by=MANAGER) is None
    assert person_of(rules, "", by=MANAGER) is None
    with pytest.raises(NotPermitted):
        person_of(rules, id_of(tickets[0]), by=Actor("bob", Role.supervisor))


def test_consent_is_kept_with_its_text_and_given_out(sqlite_desk: DeskContext) -> None:
    venue, tickets = nana(sqlite_desk)
    rules, organiser = sqlite_desk.ledger.rules(), venue.event.organiser_id.hex
    first = add_consent_text(organiser, "zh-hans", "同意保存", by=MANAGER)
    newer = add_consent_text(organiser, "zh-hans", "同意保存与联系", by=MANAGER)
    assert [(one.version, one.pk) for one in consent_texts(organiser)] == [
        (2, newer.pk),
        (1, first.pk),
    ]
    rows = [ProjectedTicket.objects.get(ticket=id_of(one)) for one in tickets]
    assert take_consent(rules, rows[0].ticket, first.pk, by=MANAGER)
    # By the phone number it is the same person: the newer consent takes the place of the older.
    assert take_consent(rules, rows[1].ticket, newer.pk, by=MANAGER)
    assert Customer.objects.count() == 1
    told = told_of(rules, [row.ticket for row in rows[:2]], by=MANAGER)
    assert [one["name"] for one in told["tickets"]] == [NANA, NANA]
    assert [one["text"] for one in told["consents"]] == ["同意保存与联系"]
    with pytest.raises(NotPermitted):
        told_of(rules, [rows[0].ticket], by=Actor("cas", Role.cashier))


def test_an_erased_person_leaves_no_byte_behind(desk: DeskContext) -> None:
    venue, tickets = nana(desk)
    rules, organiser = desk.ledger.rules(), venue.event.organiser_id.hex
    consent = add_consent_text(organiser, "en", "I agree", by=MANAGER)
    rows = [ProjectedTicket.objects.get(ticket=id_of(one)) for one in tickets]
    take_consent(rules, rows[0].ticket, consent.pk, by=MANAGER)
    ask_for_links([row.ticket for row in rows], by=MANAGER)
    waiting = f"name,company\n{NANA},x\n".encode()
    listed = upload(venue.event, f"{NANA}.csv", [waiting], by=MANAGER)
    assert path_of(listed.pk).exists()
    # A test that finds nothing before would find nothing after either.
    assert found_in(desk, [NANA, SECRETS[1], SECRETS[2], OTHER]) == {*SECRETS[:3], OTHER}

    own = [row.ticket for row in rows[:2]]
    for _ in range(2):
        assert erase_person(rules, own, act_id="e", why="asked for it", by=MANAGER) == 2
    scrubbed(desk)
    assert found_in(desk, [*SECRETS]) <= {SECRETS[1]}
    assert not path_of(listed.pk).exists(), "a list that was not imported yet goes with them"
    # The other one's address is still the other one's.
    assert found_in(desk, [OTHER]) == {OTHER}
    erase_person(rules, [rows[2].ticket], act_id="e2", why="asked too", by=MANAGER)
    scrubbed(desk)
    assert found_in(desk, [*SECRETS, OTHER]) == set()
    assert not SearchTerm.objects.exists()
    assert not Customer.objects.exists()
    with open_ledger(desk) as reader:
        assert verify(reader.raw).clean
    assert ProjectedTicket.objects.count() == 3
    gate = commit(desk, shown(desk, venue, "0" * 16, "x"))
    assert gate


def found_in(desk: DeskContext, told: list[str]) -> set[str]:
    """Return which of these texts stand in any file of the data directory, or in a dump."""
    haystacks = [path.read_bytes() for path in desk.data.rglob("*") if path.is_file()]
    if connection.vendor == "postgresql":
        haystacks.append(dump())
    # A dump tells bytes in hexadecimal digits.
    needles = {
        text: {text.encode(), text.encode("gb18030"), text.encode().hex().encode()} for text in told
    }
    return {
        text
        for text, forms in needles.items()
        if any(form in hay for form in forms for hay in haystacks)
    }


def scrubbed(desk: DeskContext) -> None:
    """Wait until the ledger's writer, left alone, has put its log away; nobody tells it to."""
    log = desk.data / "ledger.db-wal"
    until = time.monotonic() + 30
    while log.exists() and log.stat().st_size:
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def open_ledger(desk: DeskContext) -> Iterator[LedgerReader]:
    target: Path | str = desk.data / "ledger.db"
    if connection.vendor == "postgresql":
        target = url_of_store()
    reader = open_reader(target)
    try:
        yield reader
    finally:
        reader.close()


def url_of_store() -> str:
    told = connection.settings_dict
    return f"postgresql://{told['USER']}@/{told['NAME']}?host={told['HOST']}"


def dump() -> bytes:
    """Return what the server's own `pg_dump` tells of the database, of store and ledger."""
    told = subprocess.run(
        [server_program("pg_dump"), "--dbname", url_of_store(), "--no-password"],
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout
    assert b"COPY ledger.journal" in told
    assert b"COPY public.store_projectedticket" in told
    return told
