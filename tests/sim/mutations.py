"""The production code broken on purpose, in the ways that matter; the simulator must notice each.

A simulator that stops catching one of these is broken itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import msgspec

from paifang.ledger import sqlite
from paifang.ledger.apply import recover
from paifang.ledger.engine import Reader
from paifang.ledger.rows import Lease
from paifang.sync import gates, lane, spares
from paifang.sync.lane import Lane
from paifang.sync.lane_messages import LaneUp

Mutation = Callable[[], Any]


@contextmanager
def no_fencing() -> Iterator[None]:
    """A gate acts on whatever answer comes, from whichever host."""
    with patch.object(lane, "passes_fence", lambda _newest, _told: True):
        yield


@contextmanager
def acknowledged_before_durable() -> Iterator[None]:
    """A commit returns before the disk has it."""
    loose = tuple(each.replace("=FULL", "=OFF") for each in sqlite.PRAGMAS)
    assert loose != sqlite.PRAGMAS
    with patch.object(sqlite, "PRAGMAS", loose):
        yield


@contextmanager
def retry_not_deduplicated() -> Iterator[None]:
    """A gate that asks again does so under a new request id."""
    up = Lane.up

    def anew(self: Lane) -> LaneUp:
        for name, intent in list(self.intents.items()):
            if intent.state == "asking" and getattr(self, "told", set()).issuperset({name}):
                fresh = msgspec.structs.replace(intent, request_id=f"{name}x")
                self._save(
                    {
                        f"intent/{name}": None,
                        f"intent/{fresh.request_id}": msgspec.msgpack.encode(fresh),
                    }
                )
                renamed: dict[str, str] = self.__dict__.setdefault("renamed", {})
                renamed[name] = fresh.request_id
        self.__dict__["told"] = set(self.intents)
        return up(self)

    with patch.object(Lane, "up", anew):
        yield


@contextmanager
def blind_failover() -> Iterator[None]:
    """A new host opens without the gates' journals."""
    with patch.object(recover, "missing_gates", lambda _work, _lease: []):
        yield


@contextmanager
def journal_deleted_on_the_hosts_word() -> Iterator[None]:
    """A gate forgets what its host has, though the centre may not have it."""

    def confirmed(
        _reader: Reader, heads: Any, _leases: Sequence[Lease], **_how: bool
    ) -> Iterator[tuple[str, int, int]]:
        yield from ((head.uuid, head.epoch, head.seq) for head in heads)

    with patch.object(gates, "_confirmed", confirmed):
        yield


@contextmanager
def forgotten_before_the_spare_knew() -> Iterator[None]:
    """A gate forgets what the centre has, though the spare behind its host does not know it."""
    with patch.object(spares, "confirmed", lambda _reader, _heads, _lease: {}):
        yield


MUTATIONS: Final[dict[str, Mutation]] = {
    "no_fencing": no_fencing,
    "acknowledged_before_durable": acknowledged_before_durable,
    "retry_not_deduplicated": retry_not_deduplicated,
    "blind_failover": blind_failover,
    "journal_deleted_on_the_hosts_word": journal_deleted_on_the_hosts_word,
    "forgotten_before_the_spare_knew": forgotten_before_the_spare_knew,
}
