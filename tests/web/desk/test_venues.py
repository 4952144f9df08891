"""The pages of venue hosts and leases, at a centre and at a host: who may, what is said, done."""

import re
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.leases import LeaseState, Right
from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.ledger.lease_commands import HearPeer
from paifang.ledger.rows import Lease
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk import leases, nodes
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.projector import project_all
from paifang.services.desk.staff import make_staff
from paifang.services.live.bodies_sync import JoinBody
from paifang.services.live.joined import AskedLease, Centre, LineState
from paifang.services.live.keys import Keys, Secrets
from paifang.store import models
from tests.desk_makers import BOSS, NOW, Venue, commit, issue, make_venue

PASSWORD = "tea-leaf-42"
NODE = "0190a000-0000-4000-8000-0000000000aa"
HALL = Keys(Secrets("11" * 32, "22" * 32, NODE))
GIVE = {"host": NODE, "period": "fair-site/days", "right": "exchange", "until": "", "why": "fair"}
PEOPLE = (
    ("eve", Role.manager),
    ("mo", Role.manager),
    ("bob", Role.supervisor),
    ("aud", Role.auditor),
    ("cas", Role.cashier),
)


def let_join(name: str = "hall-3") -> None:
    body = JoinBody(
        code="",
        node=HALL.node,
        public_key=HALL.public_key,
        exchange_key=HALL.exchange_key,
        signature="0" * 128,
    )
    body = msgspec.structs.replace(body, signature=HALL.sign(body.signed()).hex())
    nodes.accept(body, name, by=BOSS)


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    """A centre: a site with a period and two tickets sold in it, and a host that joined."""
    made = make_venue()
    for name, role in PEOPLE:
        make_staff(name, name=name.title(), role=role, password=PASSWORD)
    models.Period.objects.create(
        site=made.site,
        key="days",
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW + timedelta(days=1),
    )
    rule = made.product.entitlements.get()
    rule.valid_from, rule.valid_until = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    rule.save()
    issue(sqlite_desk, made, [Attendee(name="Wang"), Attendee(name="Li")])
    project_all()
    let_join()
    return made


@pytest.fixture
def lease(venue: Venue) -> Lease:
    """The lease of its fair, whose tickets are packed."""
    given = leases.grant(leases.Wanted(NODE, "fair-site", ("days",)), by=BOSS, why="fair")
    assert run_next({leases.SNAPSHOT: HANDLERS[leases.SNAPSHOT]})
    return given


def signed_in(username: str = "eve", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language, "X-Forwarded-For": "10.0.0.9"})
    client.post("/sign-in/", {"username": username, "password": PASSWORD})
    return client


def told(page: str) -> str:
    """What a person reads on a page."""
    text = re.sub(r"<(script|svg|title).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def path_of(lease: Lease, *rest: str) -> str:
    return "/".join(["/desk/venues/leases", str(UUID(bytes=lease.id)), *rest, ""])


def newest() -> Lease:
    return leases.listed(by=BOSS)[-1].lease


def hear(desk: DeskContext, **more: int | str) -> None:
    """Let the centre have heard of the host just now, or otherwise as told."""
    told = {"now": now_ms(), "boot": 1, "clock_ms": now_ms()} | more
    commit(
        desk,
        HearPeer(
            request_id=f"hear:{more}",
            node=NODE,
            boot=int(told["boot"]),
            nonce=int(told["boot"]).to_bytes(16, "big"),
            last=b"",
            clock_ms=int(told["clock_ms"]),
            backlog=int(told.get("backlog", 0)),
            oldest_ms=int(told.get("oldest_ms", 0)),
            asked=str(told.get("asked", "")),
        ),
    )


def now_ms() -> int:
    return leases.time_ms()
