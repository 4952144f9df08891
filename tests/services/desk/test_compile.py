"""The compiler: what stands in the store is what the gates go by, and is published once."""

import hashlib

import pytest
from nacl.exceptions import BadSignatureError

from paifang.core.rules import Direction, EntitlementRule, Role, TerminalRole
from paifang.ledger.commands import Command, Publish
from paifang.ledger.facts import Answer, PublishFact
from paifang.ledger.faults import LedgerFault
from paifang.services.desk.compile import Layer, centre_rules, changed_body, publish
from paifang.services.desk.context import DeskContext, install
from paifang.services.desk.staff import Account, add_staff
from paifang.services.desk.terminals import add_terminal, revoke_terminal
from paifang.services.live.keys import token_sha256
from paifang.store import models
from tests.desk_makers import BOSS, DAY, NOW, make_venue


def test_the_gates_go_by_what_stands_in_the_store(desk: DeskContext) -> None:
    venue = make_venue()
    models.Period.objects.create(site=venue.site, key="may", starts_at=NOW, ends_at=NOW + 2 * DAY)
    models.EntitlementRule.objects.filter(product=venue.product).update(
        valid_from=NOW, valid_until=NOW + DAY, day_uses_max=2
    )
    assert publish("tester") == (Layer.centre, Layer.node)
    centre = desk.ledger.rules().centre
    now_ms, day_ms = int(NOW.timestamp() * 1000), 86_400_000
    product = centre.products[venue.product.number]
    assert product.entitlements == (
        EntitlementRule(
            zone=venue.zone.slug,
            valid_from_ms=now_ms,
            valid_until_ms=now_ms + day_ms,
            day_uses_max=2,
        ),
    )
    gate = centre.gates[venue.gate.slug]
    assert (gate.events, gate.directions) == ((1,), (Direction.entry, Direction.exit))
    site = centre.sites[venue.site.slug]
    assert site.period_of(now_ms, now_ms + day_ms) == "may"
    assert site.day_at(now_ms) in site.day_starts_ms


def test_what_did_not_change_is_not_published(desk: DeskContext) -> None:
    venue = make_venue()
    publish()
    before = desk.ledger.rules()
    assert publish() == ()
    models.Zone.objects.filter(pk=venue.zone.pk).update(cap=7)
    assert publish() == (Layer.centre,)
    after = desk.ledger.rules()
    assert after.centre.version == before.centre.version + 1
    assert after.node.version == before.node.version
    assert after.centre.zones[venue.zone.slug].cap == 7


def test_a_gate_knows_the_events_of_its_own_site_only(desk: DeskContext) -> None:
    here, there = make_venue("here", 1), make_venue("there", 2)
    publish()
    gates = desk.ledger.rules().centre.gates
    assert gates[here.gate.slug].events == (1,)
    assert gates[there.gate.slug].events == (2,)


class Overtaken:
    """The real ledger, at which somebody else publishes just before our own first commit."""

    def __init__(self, desk: DeskContext) -> None:
        self._desk = desk
        self.overtaken = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._desk.ledger, name)

    def commit(self, commands: list[Command]) -> list[Answer | LedgerFault]:
        if not self.overtaken:
            self.overtaken += 1
            base = self._desk.ledger.rules().centre.version
            other = Publish(layer="centre", base=base, body=b"{}", signature=b"")
            assert isinstance(self._desk.ledger.commit([other])[0], Answer)
        return self._desk.ledger.commit(commands)


def test_a_version_published_in_between_is_met_by_compiling_again(desk: DeskContext) -> None:
    venue = make_venue()
    ledger = Overtaken(desk)
    install(DeskContext(ledger, desk.keys, desk.data))  # type: ignore[arg-type]
    assert publish() == (Layer.centre, Layer.node)
    rules = desk.ledger.rules()
    assert ledger.overtaken == 1
    assert rules.centre.version == 2
    assert venue.gate.slug in rules.centre.gates


class Recording(Overtaken):
    """The real ledger, with a look at what is published."""

    def __init__(self, desk: DeskContext) -> None:
        super().__init__(desk)
        self.overtaken = 1
        self.seen: list[tuple[Publish, PublishFact]] = []

    def commit(self, commands: list[Command]) -> list[Answer | LedgerFault]:
        answers = super().commit(commands)
        for command, answer in zip(commands, answers, strict=True):
            assert isinstance(command, Publish)
            assert isinstance(answer, Answer)
            fact = answer.decoded()
            assert isinstance(fact, PublishFact)
            self.seen.append((command, fact))
        return answers


def test_a_bundle_is_signed_by_the_node_and_named_by_its_digest(desk: DeskContext) -> None:
    make_venue()
    ledger = Recording(desk)
    install(DeskContext(ledger, desk.keys, desk.data))  # type: ignore[arg-type]
    publish()
    assert len(ledger.seen) == 2
    for command, fact in ledger.seen:
        desk.keys.signing.verify_key.verify(command.body, command.signature)
        with pytest.raises(BadSignatureError):
            desk.keys.signing.verify_key.verify(command.body + b" ", command.signature)
        assert fact.digest == hashlib.sha256(command.body).hexdigest()


def test_the_same_store_compiles_to_the_same_bytes(desk: DeskContext) -> None:
    make_venue("b", 2)
    make_venue("a", 1)
    first = changed_body(desk.ledger.rules().centre, centre_rules(NOW))
    second = changed_body(desk.ledger.rules().centre, centre_rules(NOW))
    assert first is not None
    assert first == second


def test_staff_and_terminals_reach_the_gates_and_a_revoked_one_is_known(desk: DeskContext) -> None:
    venue = make_venue()
    add_staff(
        "Ann", Account("Ann Lee", Role.supervisor), password="tea-leaf-42", pin="4711", by=BOSS
    )
    terminal, token = add_terminal(
        "east-1", role=TerminalRole.gate, gates=[venue.gate.slug], by=BOSS
    )
    node = desk.ledger.rules().node
    assert (node.node, node.staff["ann"].role) == (desk.keys.node, Role.supervisor)
    known = node.terminals[terminal.pk.hex]
    assert [one.sha256 for one in known.tokens] == [token_sha256(token)]
    assert not known.revoked
    revoke_terminal("east-1", by=BOSS, why="lost")
    assert desk.ledger.rules().node.terminals[terminal.pk.hex].revoked
