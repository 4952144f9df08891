"""The pages of a spare: named when a lease is given, used by two persons at the spare itself."""

from uuid import UUID

import pytest

from paifang.core.leases import LeaseState, partner_of
from paifang.core.rules import Role
from paifang.ledger.lease_commands import LoadRecords, TakeLease, WireHead
from paifang.ledger.records import SegmentName
from paifang.services.desk import leases, nodes
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.staff import make_staff
from paifang.services.live.joined import Centre
from paifang.services.live.keys import Keys, Secrets
from paifang.store import models
from tests.desk_makers import BOSS, Venue, commit, make_venue
from tests.services.desk.test_leases import let_join as joins
from tests.web.desk.test_venues import (
    GIVE,
    PASSWORD,
    newest,
    now_ms,
    path_of,
    signed_in,
    told,
    venue,
)
from tests.web.desk.venue_host import NODE

__all__ = ["venue"]

SPARE = Keys(Secrets("33" * 32, "44" * 32, "0190a000-0000-4000-8000-0000000000bb"))
KEPT = bytes(15) + b"1"
GUARDED = GIVE | {"spare": SPARE.node, "right": []}


@pytest.fixture
def two_hosts(venue: Venue) -> Venue:
    """A centre with two hosts that joined."""
    joins(SPARE, "hall-3-spare")
    return venue


def test_a_spare_is_named_when_a_lease_is_given(two_hosts: Venue) -> None:
    client = signed_in()
    assert "Which host is the spare" in client.get("/desk/venues/give/").text
    page = client.post("/desk/venues/give/", GUARDED, follow=True)
    found = {row.state: row for row in (one.lease for one in leases.listed(by=BOSS))}
    given, sealed = found[LeaseState.granted], found[LeaseState.sealed]
    assert (given.rights, given.spare) == ("admit", SPARE.node)
    assert (sealed.id, sealed.lessee) == (partner_of(given.id), SPARE.node)
    assert "hall-3-spare" in told(page.text)
    words = told(client.get("/desk/venues/").text)
    assert "Sealed, for an emergency" in words
    page = client.get(path_of(sealed))
    assert "This host stands behind the one that decides." in told(page.text)
    # It is used at the spare, and nowhere else.
    assert "break-glass" not in page.text
    assert client.get(path_of(sealed, "break-glass")).status_code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spare": NODE}, "must be another machine"),
        ({"right": "exchange"}, "With a spare a venue can admit and nothing else"),
        ({"spare": "nobody"}, "no such venue host"),
    ],
)
def test_a_spare_is_refused_in_words(two_hosts: Venue, change: dict[str, str], words: str) -> None:
    page = signed_in().post("/desk/venues/give/", GUARDED | change)
    assert page.status_code == 422
    assert words in told(page.text)
    assert leases.listed(by=BOSS) == []


def test_a_host_that_was_withdrawn_is_no_spare(two_hosts: Venue) -> None:
    nodes.revoke("hall-3-spare", by=BOSS)
    page = signed_in().post("/desk/venues/give/", GUARDED)
    assert (page.status_code, "This host is withdrawn" in page.text) == (422, True)


# At the spare.


@pytest.fixture
def spare(sqlite_desk: DeskContext) -> DeskContext:
    """A spare that keeps a sealed grant, and two managers."""
    make_venue()
    for name, role in (("eve", Role.manager), ("mo", Role.manager), ("bob", Role.supervisor)):
        make_staff(name, name=name.title(), role=role, password=PASSWORD)
    publish()
    segment = SegmentName("ab" * 16, "fair-site", "")
    take = TakeLease(
        request_id="take",
        lease=KEPT,
        site="fair-site",
        periods=(),
        lessee=sqlite_desk.keys.node,
        epoch=3,
        rights=("admit",),
        granted_ms=1,
        not_after_ms=now_ms() + 86_400_000,
        chunks=1,
        cursor=0,
        heads=(WireHead(segment, 2, 5, b"h" * 32, 0, 5, 0),),
        document=b"signed",
        collect=True,
        sealed=True,
    )
    load = LoadRecords(request_id="load", lease=KEPT, chunk=1, segments=(segment,), records=())
    commit(sqlite_desk, take, load)
    sqlite_desk.joined.keep_centre(
        Centre(url="https://c", node="n", name="Head office", public_key="", host="hall-3-spare")
    )
    return sqlite_desk


def test_two_persons_break_the_glass(spare: DeskContext) -> None:
    client, lease = signed_in(), f"/desk/venues/leases/{UUID(bytes=KEPT)}/"
    page = client.get(lease).text
    assert "This machine is the spare: it decides nothing." in told(page)
    path = f"{lease}break-glass/"
    assert path in page
    assert path not in signed_in("bob").get(lease).text
    assert signed_in("bob").get(path).status_code == 403
    assert "Switch the old host off" in told(client.get(path).text)
    for second, password, why, words in (
        ("mo", PASSWORD, " ", "Say why"),
        ("eve", PASSWORD, "burnt", "That is you"),
        ("mo", "wrong", "burnt", "do not belong together"),
        ("bob", PASSWORD, "burnt", "may not give leases"),
    ):
        form = {"second": second, "password": password, "why": why}
        page = client.post(path, form).text
        assert words in page, words
    assert newest().state == LeaseState.sealed
    form = {"second": "mo", "password": PASSWORD, "why": "burnt"}
    page = client.post(path, form, follow=True).text
    assert "The glass is broken." in told(page)
    assert newest().state == LeaseState.granted
    entry = models.AuditEntry.objects.get(what="glass_broken")
    assert (entry.who, entry.why) == ("eve", "burnt")
    assert "mo" in entry.subject
    assert client.get(path).status_code == 404


def test_the_page_is_complete_in_chinese(spare: DeskContext) -> None:
    path = f"/desk/venues/leases/{UUID(bytes=KEPT)}/break-glass/"
    page = told(signed_in(language="zh-hans").get(path).text)
    assert "立即启用" in page
    assert "Break" not in page
