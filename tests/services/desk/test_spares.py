"""A spare's grant is packed beside its lessee's; terminals are carried to it."""

import os
from typing import Any

import msgspec
import pytest

from paifang.core.leases import Right, partner_of
from paifang.core.rules import Role, TerminalRole
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk import leases, nodes, terminal_copies
from paifang.services.desk.context import DeskContext
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.leases import LeaseError, Wanted
from paifang.services.desk.permissions import Actor
from paifang.services.desk.terminals import TerminalError, add_terminal
from paifang.services.live.foreign_keys import open_ring
from paifang.services.live.keys import Keys, Secrets
from paifang.services.live.signed_requests import verified
from paifang.store import models
from paifang.sync.envelope import take_apart, unseal
from paifang.sync.messages import Grant
from tests.desk_makers import BOSS, Venue
from tests.services.desk.test_leases import HALL, LEASE, let_join, venue

__all__ = ["HANDLERS", "venue"]

SPARE = Keys(Secrets("33" * 32, "44" * 32, "0190a000-0000-4000-8000-0000000000bb"))
FAIR = Wanted("hall-3", "fair-site", ("days",), (Right.admit,), spare="hall-3-spare")
EVE = Actor("eve", Role.manager)


@pytest.fixture
def guarded(venue: Venue) -> Venue:
    """A venue with two hosts that joined."""
    let_join(SPARE, "hall-3-spare")
    return venue


def grant_of(desk: DeskContext, lease: bytes) -> Grant:
    data = desk.joined.grant(lease)
    assert data is not None
    return unseal(
        take_apart(data), lambda message, mark: verified(desk.keys.public_key, message, mark), Grant
    )


def test_a_sealed_grant_is_of_the_same_state_and_for_the_spare_alone(
    desk: DeskContext, guarded: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = leases.grant(FAIR, by=BOSS, why="fair")
    sealed = partner_of(lease.id)
    assert {one.spare for one in leases.listed(by=BOSS)} == {"hall-3-spare", ""}

    def no_links(*_: Any) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", no_links)
    assert run_next(LEASE)
    first, second = grant_of(desk, lease.id), grant_of(desk, sealed)
    assert (first.spare, first.sealed, second.spare, second.sealed) == (SPARE.node, False, "", True)
    assert (second.lessee, second.epoch, second.collect) == (SPARE.node, first.epoch + 1, True)
    assert (second.heads, second.snapshot) == (first.heads, first.snapshot)
    assert open_ring(second.keys, SPARE.exchange) == open_ring(first.keys, HALL.exchange)
    snapshots = [desk.joined.snapshot(name) for name in (lease.id, sealed)]
    assert snapshots[0].read_bytes() == snapshots[1].read_bytes()
    # A process may have died between the two.
    desk.joined.grant_path(sealed).unlink()
    models.Job.objects.all().delete()
    leases.ask_for_missing()
    assert run_next(LEASE)
    again = grant_of(desk, sealed)
    # Keys are sealed anew each time.
    assert msgspec.structs.replace(again, keys=second.keys) == second
    leases.forget_ended()
    assert snapshots[1].exists()
    leases.break_(lease.id, by=BOSS, second=EVE, why="burnt")
    leases.forget_ended()
    assert not snapshots[1].exists()
    assert desk.joined.grant(sealed) is None


def test_what_no_spare_can_be_behind_is_refused(desk: DeskContext, guarded: Venue) -> None:
    both = FAIR._replace(rights=(Right.admit, Right.exchange))
    for wanted in (both, FAIR._replace(spare="hall-3")):
        with pytest.raises(LeaseError) as refused:
            leases.grant(wanted, by=BOSS)
        assert refused.value.code == "refused"
    nodes.revoke("hall-3-spare", by=BOSS)
    with pytest.raises(LeaseError):
        leases.grant(FAIR, by=BOSS)
    with pytest.raises(nodes.NodeError):
        leases.grant(FAIR._replace(spare="nobody"), by=BOSS)


def test_only_a_spare_breaks_glass(desk: DeskContext, guarded: Venue) -> None:
    lease = leases.grant(FAIR, by=BOSS)
    with pytest.raises(LeaseError, match="no sealed grant"):
        leases.break_glass(lease.id, by=BOSS, second=EVE, why="burnt")


# Terminals.


def test_terminals_are_the_same_at_both_machines(desk: DeskContext, guarded: Venue) -> None:
    terminal, _ = add_terminal("lane-1", role=TerminalRole.gate, gates=[guarded.gate.slug], by=BOSS)
    data = terminal_copies.copied(by=BOSS)
    models.Terminal.objects.filter(pk=terminal.pk).delete()
    assert terminal_copies.take_copies(data, by=BOSS) == models.Terminal.objects.count()
    assert terminal_copies.take_copies(data, by=BOSS) == models.Terminal.objects.count()
    assert terminal_copies.copied(by=BOSS) == data
    again = models.Terminal.objects.get(pk=terminal.pk)
    assert [gate.slug for gate in again.gates.all()] == [guarded.gate.slug]
    assert again.tokens.count() == 1


def test_a_file_that_holds_no_terminals_changes_nothing(desk: DeskContext, guarded: Venue) -> None:
    add_terminal("lane-1", role=TerminalRole.gate, gates=[guarded.gate.slug], by=BOSS)
    good = msgspec.json.decode(terminal_copies.copied(by=BOSS))
    one = good["terminals"][0]
    for code, bad in (
        ("copies_unreadable", {"terminals": []}),
        ("copies_unreadable", good | {"format": 2}),
        ("gate_unknown", good | {"terminals": [one | {"gates": ["moon"]}]}),
        ("name_taken", good | {"terminals": [one | {"id": "0190a000000070008000000000000099"}]}),
    ):
        with pytest.raises(TerminalError) as refused:
            terminal_copies.take_copies(msgspec.json.encode(bad), by=BOSS)
        assert refused.value.code == code
    assert msgspec.json.decode(terminal_copies.copied(by=BOSS)) == good
