"""Segments are opened once; versions of the rules come into force from one command to the next."""

from contextlib import closing
from dataclasses import replace

import pytest

from paifang.core import limits
from paifang.ledger import tables as t
from paifang.ledger.apply.configuration import segment_uuid
from paifang.ledger.commands import OpenSegment, Publish
from paifang.ledger.facts import PublishFact, SegmentFact
from paifang.ledger.faults import Misuse, NotAllowed, NotPossible
from tests.ledger import world
from tests.ledger.engines import NODE
from tests.ledger.venue import Venue, fact_of, fault_of, reasons


def test_a_segment_is_opened_once_and_named_for_ever(venue: Venue) -> None:
    june = venue.fact(OpenSegment(site="park", period="june"), SegmentFact)
    again = venue.do(OpenSegment(site="park", period="june"))
    assert fact_of(again, SegmentFact) == june
    assert again.new is False
    assert (june.site, june.period, june.segment) == ("park", "june", 3)
    assert june.uuid == segment_uuid(NODE, "park", "june")
    with closing(venue.reader()) as reader:
        assert reader.segments() == [
            (1, NODE.replace("-", ""), "", ""),
            (2, segment_uuid(NODE, "park", ""), "park", ""),
            (3, june.uuid, "park", "june"),
        ]


def test_segments_opened_in_one_batch_see_each_other(venue: Venue) -> None:
    commands = [OpenSegment(site="park", period=period) for period in ("june", "july", "june")]
    numbers = [fact_of(outcome, SegmentFact).segment for outcome in venue.batch(*commands)]
    assert numbers == [3, 4, 3]


def test_a_segment_may_be_used_in_the_batch_that_opens_it(venue: Venue) -> None:
    _, _, scanned = venue.batch(
        OpenSegment(site="park", period="june"),
        venue.issue_command("A", home=3, segments=(3,)),
        venue.admit_command("A"),
    )
    assert reasons([scanned]) == ["ok"]


def test_a_segment_belongs_to_a_site(venue: Venue) -> None:
    with pytest.raises(Misuse):
        venue.do(OpenSegment(site=""))


def test_a_published_version_is_in_force_from_this_command_on(venue: Venue) -> None:
    venue.issue("A")
    terminals = tuple(replace(each, revoked=True) for each in world.TERMINALS)
    body = world.body_of(world.node_rules(terminals))
    before, published, after = venue.batch(
        venue.admit_command("A"),
        Publish(layer="node", base=1, body=body, signature=b"signed"),
        venue.admit_command("A"),
    )
    assert reasons([before]) == ["ok"]
    fact = fact_of(published, PublishFact)
    assert (fact.layer, fact.version) == ("node", 2)
    assert fault_of(after) is NotAllowed
    kept = venue.row(t.BUNDLE, "node", 2)
    assert (kept.body, kept.signature, kept.digest.hex()) == (body, b"signed", fact.digest)


def test_a_terminal_revoked_by_another_process_stops_at_the_next_batch(
    sqlite_venue: Venue,
) -> None:
    # What this process knows of the rules is older than what the ledger holds.
    venue = sqlite_venue
    old = venue.rules
    venue.issue("A")
    venue.publish(world.node_rules(()))
    venue.publish(world.centre_rules(()))
    venue.rules = old
    with pytest.raises(NotAllowed):
        venue.says("A")
    assert (venue.rules.centre.version, venue.rules.node.version) == (2, 2)


def test_a_version_compiled_from_an_old_one_is_refused(venue: Venue) -> None:
    body = world.body_of(world.centre_rules())
    for base in (0, 2):
        with pytest.raises(NotPossible):
            venue.do(Publish(layer="centre", base=base, body=body))
    one, other = venue.batch(*(Publish(layer="centre", base=1, body=body) for _ in range(2)))
    assert fact_of(one, PublishFact).version == 2
    assert fault_of(other) is NotPossible


@pytest.mark.parametrize(
    ("layer", "body"),
    [
        ("centre", b""),
        ("centre", b"{"),
        ("centre", b'{"products": 3}'),
        ("centre", b'{"gates": {"north": {"slug": "north"}}}'),
        ("node", b"[]"),
        ("node", b"\xff"),
        ("node", b'{"terminals": {"t": {}}}'),
        # Each is a proper layer, of the other name: it would have emptied the one it replaced.
        ("node", b'{"version": 1, "events": {}}'),
        ("centre", b'{"version": 1, "terminals": {}}'),
    ],
)
def test_a_body_that_is_no_layer_is_refused(venue: Venue, layer: str, body: bytes) -> None:
    with pytest.raises(Misuse):
        venue.do(Publish(layer=layer, base=1, body=body))
    assert (venue.rules.centre.version, venue.rules.node.version) == (1, 1)


def test_a_layer_there_is_not_or_that_is_too_large_is_refused(venue: Venue) -> None:
    with pytest.raises(Misuse):
        venue.do(Publish(layer="moon", base=0, body=b"{}"))
    with pytest.raises(Misuse):
        venue.do(Publish(layer="node", base=1, body=bytes(limits.BUNDLE_BYTES_MAX + 1)))


def test_both_versions_stand_in_every_decision(venue: Venue) -> None:
    venue.publish(world.node_rules())
    assert venue.admit("nobody").rules == (1, 2)


def test_a_reader_knows_the_rules_in_force(venue: Venue) -> None:
    reader = venue.reader()
    assert reader.rules().centre.version == 1
    venue.publish(world.centre_rules(()))
    rules = reader.rules()
    assert (rules.centre.version, rules.centre.products) == (2, {})
    assert reader.rules() is rules or reader.rules() == rules
    reader.close()
