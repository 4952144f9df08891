"""The pages of a centre that was restored: whom it waits for, and rules it was told again."""

from dataclasses import replace

import msgspec

from paifang.ledger.lease_commands import AdoptRules
from paifang.services.desk import adopted, restoring
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.store import models
from tests.desk_makers import BOSS, Venue, commit
from tests.web.desk import test_venues
from tests.web.desk.venue_host import NODE, signed_in, told

venue, GIVE = test_venues.venue, test_venues.GIVE


def test_a_restored_centre_says_whom_it_waits_for_and_by_whom_one_is_written_off(
    sqlite_desk: DeskContext,
    venue: Venue,
) -> None:
    client, path = signed_in(), f"/desk/venues/hosts/{NODE}/write-off/"
    assert "data-awaited" not in client.get("/desk/venues/").text
    assert client.get(path).status_code == 404
    state = restoring.restored(by=BOSS, why="a broken disk")
    assert [host.name for host in state.awaited] == ["hall-3"]
    page = client.get("/desk/venues/").text
    assert "hall-3 has not reported yet" in told(page)
    assert path in page
    refused = client.post("/desk/venues/give/", GIVE)
    assert (refused.status_code, "First every venue host must report" in refused.text) == (
        422,
        True,
    )
    assert "Wait no more for hall-3?" in client.get(path).text
    assert client.post(path, {"why": " "}).status_code == 422
    seen = client.post(path, {"why": "burnt"}, follow=True).text
    assert "Nobody waits for it any more." in seen
    assert "data-awaited" not in seen
    assert models.AuditEntry.objects.get(what="node_written_off").why == "burnt"
    assert models.AuditEntry.objects.get(what="restored").why == "a broken disk"
    assert client.post(path, {"why": "again"}).status_code == 404
    assert client.post("/desk/venues/give/", GIVE).status_code == 302


def test_rules_a_restored_centre_was_told_again_stand_on_its_pages(
    sqlite_desk: DeskContext,
    venue: Venue,
) -> None:
    found = sqlite_desk.ledger.rules().centre
    newer = replace(
        found,
        products={
            number: replace(product, name="Tea day") for number, product in found.products.items()
        },
    )
    body = msgspec.json.encode(newer)
    commit(
        sqlite_desk,
        AdoptRules(version=found.version + 1, body=body, signature=b"", regained=True),
    )
    assert adopted.follow()
    assert {product.name for product in models.Product.objects.all()} == {"Tea day"}
    assert not adopted.follow()
    assert publish("eve") == ()
