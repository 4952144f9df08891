"""A dead host is given up on the centre's page, and its spare opens on its own."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from paifang.core.leases import LeaseState
from paifang.core.rules import Role
from paifang.ledger import tables as t
from paifang.ledger.lease_commands import LoadRecords, Recover, TakeLease, WireHead
from paifang.ledger.records import SegmentName
from paifang.ledger.rows import Lease
from paifang.services.desk import failover, leases
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.leases import LeaseError, Wanted
from paifang.services.desk.staff import make_staff
from paifang.services.live.joined import Centre
from paifang.services.live.keys import Keys, Secrets
from paifang.store import models
from tests.desk_makers import BOSS, NOW, commit, issue, make_venue
from tests.web.desk.venue_host import NODE, PASSWORD, let_join, now_ms, signed_in, told

SPARE = "0190a000-0000-4000-8000-0000000000bb"
TAKEN = bytes(15) + b"7"


# At the centre.


@pytest.fixture
def lease(sqlite_desk: DeskContext) -> Lease:
    """A lease that hall-3 holds; a second host has joined, too."""
    made = make_venue()
    for name in ("eve", "mo"):
        make_staff(name, name=name.title(), role=Role.manager, password=PASSWORD)
    models.Period.objects.create(
        site=made.site,
        key="days",
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW + timedelta(days=1),
    )
    rule = made.product.entitlements.get()
    rule.valid_from, rule.valid_until = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    rule.save()
    issue(sqlite_desk, made, [])
    let_join()
    let_join("spare", Keys(Secrets("33" * 32, "44" * 32, SPARE)))
    return leases.grant(Wanted(NODE, "fair-site", ("days",)), by=BOSS, why="fair")


def break_path(lease: Lease) -> str:
    return f"/desk/venues/leases/{UUID(bytes=lease.id)}/break/"


def typed(spare: str, password: str = PASSWORD) -> dict[str, str]:
    return {"spare": spare, "why": "burnt", "second": "mo", "password": password}


def test_two_persons_give_the_same_lease_to_the_spare_in_one_act(lease: Lease) -> None:
    client = signed_in()
    form = client.get(break_path(lease)).text
    assert re.search(rf'name="spare"\s+value="{SPARE}"', form)
    assert not re.search(rf'name="spare"\s+value="{NODE}"', form)
    page = client.post(break_path(lease), typed(SPARE, "wrong"))
    assert page.status_code == 422
    assert re.search(rf'value="{SPARE}"\s+checked', page.text)
    page = client.post(break_path(lease), typed(SPARE), follow=True)
    assert "The lease is given to the other host." in page.text
    old, new = (shown.lease for shown in leases.listed(by=BOSS))
    assert (old.id, old.state) == (lease.id, LeaseState.broken)
    assert (new.lessee, new.state) == (SPARE, LeaseState.granted)
    assert new[1:3] == old[1:3]
    assert (new.rights, new.not_after_ms) == (old.rights, old.not_after_ms)
    assert new.epoch > old.epoch
    written = models.AuditEntry.objects.filter(why="burnt").values_list("what", "who")
    assert set(written) == {("lease_broken", "eve"), ("lease_granted", "eve")}


@pytest.mark.parametrize("spare", [NODE, "nobody"])
def test_nothing_is_broken_for_a_spare_that_cannot_have_it(lease: Lease, spare: str) -> None:
    assert signed_in().post(break_path(lease), typed(spare)).status_code == 422
    assert [shown.lease.state for shown in leases.listed(by=BOSS)] == [LeaseState.granted]


def test_a_withdrawn_spare_or_a_lease_that_is_over_is_refused(lease: Lease) -> None:
    over = lease._replace(not_after_ms=1)
    with pytest.raises(LeaseError, match="ends_past"):
        failover.hand_over(over, "spare", by=BOSS, second=BOSS, why="x")
    models.Peer.objects.filter(name="spare").update(revoked=True)
    with pytest.raises(LeaseError, match="host_revoked"):
        failover.hand_over(lease, "spare", by=BOSS, second=BOSS, why="x")


# At the spare.


@pytest.fixture
def spare(sqlite_desk: DeskContext) -> DeskContext:
    """A host that takes over, and has all tickets; its gate has not told its journal."""
    make_venue()
    make_staff("eve", name="Eve", role=Role.manager, password=PASSWORD)
    make_staff("bob", name="Bob", role=Role.supervisor, password=PASSWORD)
    publish()
    name = SegmentName("ab" * 16, "fair-site", "")
    take = TakeLease(
        request_id="take",
        lease=TAKEN,
        site="fair-site",
        periods=(),
        lessee=sqlite_desk.keys.node,
        epoch=4,
        rights=("admit",),
        granted_ms=1,
        not_after_ms=now_ms() + 86_400_000,
        chunks=1,
        cursor=0,
        heads=(WireHead(name, 4, 5, b"h" * 32, 0, 5, 0),),
        document=b"signed",
        collect=True,
    )
    load = LoadRecords(request_id="load", lease=TAKEN, chunk=1, segments=(name,), records=())
    commit(sqlite_desk, take, load)
    sqlite_desk.joined.keep_centre(
        Centre(url="https://c", node="n", name="Head office", public_key="", host="spare")
    )
    return sqlite_desk


PAGE = f"/desk/venues/leases/{UUID(bytes=TAKEN)}/"


def gate() -> models.Terminal:
    return models.Terminal.objects.get(name="fair-1")


def doubt(desk: DeskContext) -> int:
    with desk.ledger.reader() as reader:
        doubts: list[int] = [head.doubt for head in reader.raw.scan(t.HEAD)]
    return max(doubts)


def recover(part: int, parts: int) -> Recover:
    return Recover(
        request_id=f"recover-{part}",
        lease=TAKEN,
        terminal=gate().pk.hex,
        tag="a",
        part=part,
        parts=parts,
    )


def test_the_spare_shows_whose_journal_has_come(spare: DeskContext) -> None:
    client = signed_in("bob")
    page = client.get(PAGE)
    words = told(page.text)
    for part in (
        "The journals of gates are collected",
        "this machine opens by itself once every gate has told it",
        "fair-1",
        "Its journal is missing",
        "not heard of at this machine yet",
    ):
        assert part in words, part
    assert "/open/" not in page.text
    assert "/open/" in signed_in().get(PAGE).text
    commit(spare, recover(1, 2))
    assert "1 of 2 parts of its journal have come" in told(client.get(PAGE).text)
    commit(spare, recover(2, 2))
    assert "Its journal has come" in told(client.get(PAGE).text)


def test_a_manager_writes_a_gate_off_with_a_reason_and_the_host_opens(spare: DeskContext) -> None:
    client = signed_in()
    path = f"{PAGE}open/"
    chosen = {"gate": gate().pk.hex, "why": "drowned"}
    assert signed_in("bob").get(path).status_code == 403
    assert signed_in("bob").post(path, chosen).status_code == 403
    assert "is marked provisional" in client.get(path).text
    for wrong, words in (
        ({"why": "x"}, "These gates have not told their journals either: fair-1."),
        (chosen | {"why": " "}, "Say why"),
        (chosen | {"gate": "nobody"}, "not known here"),
    ):
        page = client.post(path, wrong)
        assert page.status_code == 422
        assert words in page.text
    assert leases.listed(by=BOSS)[0].lease.state == LeaseState.granted
    page = client.post(path, chosen, follow=True)
    assert "This machine decides. Written off and withdrawn: fair-1." in page.text
    assert leases.listed(by=BOSS)[0].lease.state == LeaseState.ready
    assert doubt(spare) == 1
    assert gate().revoked
    written = models.AuditEntry.objects.filter(why="drowned").values_list("what", "subject")
    assert set(written) == {("gates_written_off", "fair-1"), ("terminal_revoked", "fair-1")}
    assert client.get(path).status_code == 404
    with pytest.raises(LeaseError, match="not_collecting"):
        failover.open_without(leases.listed(by=BOSS)[0].lease, ["fair-1"], by=BOSS, why="x")


def test_a_gate_that_has_told_is_not_written_off(spare: DeskContext) -> None:
    commit(spare, recover(1, 1))
    page = signed_in().post(f"{PAGE}open/", {"gate": gate().pk.hex, "why": "x"})
    assert page.status_code == 422
    assert "The journal of fair-1 has come meanwhile." in page.text
    assert not gate().revoked
    page = signed_in().post(f"{PAGE}open/", {"why": "all have told"}, follow=True)
    assert "This machine decides." in page.text
    assert doubt(spare) == 0


def test_the_pages_are_complete_in_chinese(spare: DeskContext) -> None:
    client: Client = signed_in(language="zh-hans")
    for path in (PAGE, f"{PAGE}open/"):
        words = told(client.get(path).text)
        english = set(re.findall(r"[A-Za-z]{4,}", words))
        assert english <= {"English", "Site", "door", "fair", "Asia", "Shanghai"}
