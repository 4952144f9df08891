"""Acts by hand chained with the journal: sealed in order, once, and compared again."""

import threading
import time
from collections.abc import Sequence

import pytest
from django.db import transaction

from paifang.core import limits
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer, SealFact, fact_of
from paifang.ledger.faults import DiskFull, LedgerFault, Unavailable
from paifang.services.desk import audit, sealing
from paifang.services.desk.context import DeskContext
from paifang.services.desk.sealing import (
    Difference,
    differences,
    digest_of,
    seal_all,
    sealed_entries,
)
from paifang.services.live.ports import DeskLedger
from paifang.store.models import AuditEntry


def seals(desk: DeskContext) -> dict[str, str]:
    facts = [fact_of(row.kind, row.payload) for row in desk.ledger.journal_after({}, 10_000)]
    return {fact.entry: fact.digest for fact in facts if isinstance(fact, SealFact)}


def write(*names: str) -> None:
    for name in names:
        audit.record("sign_in", who=name, where="10.0.0.9")


def test_acts_are_sealed_in_order_and_once(desk: DeskContext) -> None:
    write("ann", "ben", "eve")
    assert seal_all() == 3
    assert seal_all() == 0
    entries = list(AuditEntry.objects.order_by("id"))
    assert list(seals(desk).items()) == [
        (entry.pk.hex, digest_of(entry).hex()) for entry in entries
    ]
    assert all(entry.sealed for entry in entries)
    assert list(differences(seals(desk), sealed_entries())) == []


def test_a_crash_between_sealing_and_remembering_seals_nothing_twice(desk: DeskContext) -> None:
    write("ann")
    seal_all()
    AuditEntry.objects.update(sealed=False)
    before = seals(desk)
    assert seal_all() == 1
    assert seals(desk) == before
    rows = [row for row in desk.ledger.journal_after({}, 10_000) if row.kind == "seal"]
    assert len(rows) == 1


def test_acts_wait_while_the_ledger_is_away_and_are_sealed_afterwards(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("ann")

    def away(_commands: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(type(sqlite_desk.ledger), "commit", lambda _self, commands: away(commands))
        with pytest.raises(Unavailable):
            seal_all()
    assert not AuditEntry.objects.filter(sealed=True).exists()
    assert seal_all() == 1


@pytest.mark.parametrize("field", ["who", "what", "subject", "why", "where"])
def test_an_act_that_was_altered_is_found(sqlite_desk: DeskContext, field: str) -> None:
    write("ann", "ben")
    seal_all()
    first = AuditEntry.objects.order_by("id")[0]
    AuditEntry.objects.filter(pk=first.pk).update(**{field: "other"})
    found = [Difference("audit_altered", first.pk.hex)]
    assert list(differences(seals(sqlite_desk), sealed_entries())) == found
    # Nor does it help to let it be sealed again.
    AuditEntry.objects.update(sealed=False)
    seal_all()
    assert list(differences(seals(sqlite_desk), sealed_entries())) == found


def test_an_act_that_was_altered_is_marked_once_and_stands_in_no_others_way(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "SEALS_AT_ONCE_MAX", 2)
    write("ann", "ben", "cid", "dan", "eve")
    seal_all()
    AuditEntry.objects.filter(who__in=("ann", "ben", "cid")).update(why="other", sealed=False)
    write("fay")
    before = seals(sqlite_desk)
    assert seal_all() == 4, "all were looked at, the last one behind those that were refused"
    marked = AuditEntry.objects.filter(altered=True, sealed=False)
    assert sorted(one.who for one in marked) == ["ann", "ben", "cid"]
    assert AuditEntry.objects.get(who="fay").sealed
    assert len(seals(sqlite_desk)) == len(before) + 1
    assert len(caplog.records) == 3
    assert seal_all() == 0
    assert len(caplog.records) == 3, "and is told once"


def test_an_act_that_the_ledger_had_no_room_for_is_sealed_later(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("ann", "ben")
    commit = type(sqlite_desk.ledger).commit

    def full(ledger: DeskLedger, commands: Sequence[Command]) -> list[Answer | LedgerFault]:
        return [*commit(ledger, commands[:1]), *[DiskFull("full") for _ in commands[1:]]]

    with monkeypatch.context() as patch:
        patch.setattr(type(sqlite_desk.ledger), "commit", full)
        with pytest.raises(DiskFull):
            seal_all()
    assert [one.who for one in AuditEntry.objects.filter(sealed=False, altered=False)] == ["ben"]
    assert seal_all() == 1
    assert not AuditEntry.objects.exclude(sealed=True).exists()


def test_an_act_that_was_dated_otherwise_taken_out_or_put_in_is_found(
    sqlite_desk: DeskContext,
) -> None:
    write("ann", "ben", "eve")
    seal_all()
    ann, ben, _eve = AuditEntry.objects.order_by("id")
    AuditEntry.objects.filter(pk=ann.pk).update(at=ben.at)
    AuditEntry.objects.filter(pk=ben.pk).delete()
    forged = AuditEntry.objects.create(who="mallory", what="sign_in", sealed=True)
    assert set(differences(seals(sqlite_desk), sealed_entries())) == {
        Difference("audit_altered", ann.pk.hex),
        Difference("audit_missing", ben.pk.hex),
        Difference("audit_unsealed", forged.pk.hex),
    }


def test_an_act_that_is_not_sealed_yet_is_no_difference(sqlite_desk: DeskContext) -> None:
    write("ann")
    assert list(differences(seals(sqlite_desk), sealed_entries())) == []


def test_what_is_rolled_back_wakes_nobody_and_what_is_kept_does(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(audit, "wake", lambda: woken.append("woken"))
    with transaction.atomic():
        write("ann")
        transaction.set_rollback(True)
    assert woken == []
    with transaction.atomic():
        write("ann")
        assert woken == []
    assert woken == ["woken"]


def test_the_thread_seals_what_is_written(desk: DeskContext) -> None:
    stop = threading.Event()
    thread = sealing.start_sealer(stop)
    try:
        write("ann")
        until = time.monotonic() + 30
        while AuditEntry.objects.filter(sealed=False).exists():
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        stop.set()
        sealing.wake()
        thread.join(30)
    assert len(seals(desk)) == 1
