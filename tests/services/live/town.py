"""A host and its centre whose services talk over a line of this process that can be disturbed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from paifang.core.leases import LeaseState
from paifang.ledger.batch import Outcome
from paifang.ledger.commands import Command
from paifang.services.live.joined import Centre, Joined
from paifang.services.live.keys import Keys, Secrets
from paifang.services.live.problems import Problem
from paifang.services.live.signed_requests import HEADER, SignedRequests
from paifang.services.live.sync_centre import CentreSide
from paifang.services.live.sync_host import (
    DIGEST,
    NOTHING,
    PATH,
    Hands,
    HostSide,
    LineFault,
    Measured,
)
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.messages import Down
from tests.ledger.world import SettableClock
from tests.sync.nodes import LEASE, Node, Pair

PIECE: Final = 20


def keys_of(node: Node) -> Keys:
    return Keys(Secrets("11" * 32, bytes(node.key).hex(), node.name))


class Town:
    """A pair of nodes whose services talk over a line that can be disturbed."""

    def __init__(self, folder: Path) -> None:
        """Open both."""
        self.pair = Pair(folder / "centre.db", folder / "host.db", SettableClock())
        self.folders = {name: folder / name for name in ("at-centre", "at-host")}
        for path in self.folders.values():
            path.mkdir()
        self.at_centre = Joined(self.folders["at-centre"])
        self.joined = Joined(self.folders["at-host"])
        self.centre = CentreSide(keys_of(self.pair.centre), self.at_centre, self.now_ms)
        self.host = HostSide(keys_of(self.pair.host), self.joined, self.host_ms, "1.0")
        self.host_ahead_ms = 0
        self.joined.keep_centre(
            Centre(
                url="https://centre.example",
                node=self.pair.centre.name,
                name="Centre",
                public_key=bytes(self.pair.centre.check_key).hex(),
            )
        )
        self.joined.next_boot()
        self.reader = self.pair.host.ledger.reader()
        self.hands = Hands(self.reader, self.pair.commit)
        self.requests = SignedRequests()
        self.fault: LineFault | None = None
        self.pieces_max = 1_000
        self.starts: list[int] = []
        self.forge: Node | None = None
        self.measured: Measured = NOTHING
        self.told: list[bytes] = []

    def now_ms(self) -> int:
        return self.pair.clock.now_ms()

    def host_ms(self) -> int:
        return self.now_ms() + self.host_ahead_ms

    def _require(self, path: str, about: str, header: str) -> str:
        reader, now_ms = self.pair.centre.ledger.reader(), self.now_ms()
        with closing(reader):
            rules = reader.rules()
            try:
                return self.requests.require(rules, header, path, about, now_ms=now_ms).id
            except Problem as problem:
                raise LineFault(problem.code, now_ms) from problem

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Ask the centre as over HTTP."""
        assert path == PATH
        if self.fault is not None:
            raise self.fault
        self.told.append(body)
        node = self._require(path, headers[DIGEST], headers[HEADER])
        reader = self.pair.centre.ledger.reader()
        with closing(reader):
            try:
                answer = self.centre.answer(reader, self._commit, body, node=node)
            except Problem as problem:
                raise LineFault(problem.code) from problem
        if self.forge is not None:
            down = unseal(take_apart(answer), lambda _message, _mark: True, Down)
            return seal(down, self.forge.name, self.forge.sign)
        return answer

    def _commit(self, commands: Sequence[Command]) -> list[Outcome]:
        return self.pair.centre.ledger.batch(*commands)

    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[bytes]:
        """Fetch as over HTTP, in small pieces, and break off after some."""
        range_ = headers["range"]
        node = self._require(path, range_, headers[HEADER])
        lease = path.split("/")[-2]
        reader = self.pair.centre.ledger.reader()
        with closing(reader):
            part = self.centre.part(reader, node, lease, range_)
        self.starts.append(part.start)
        data = part.path.read_bytes()[part.start :]
        for n in range(0, len(data), PIECE):
            if n // PIECE >= self.pieces_max:
                raise LineFault("unreachable")
            yield data[n : n + PIECE]

    def grant(self) -> None:
        """Sell two tickets, lease the fair, and lay the files where the centre's job does."""
        self.pair.centre.ledger.issue("A")
        self.pair.centre.ledger.issue("B")
        self.pair.grant()
        self.at_centre.snapshot(LEASE).write_bytes(self.pair.snapshots[LEASE])
        self.at_centre.grant_path(LEASE).write_bytes(self.pair.grants[LEASE])

    def round(self) -> bool:
        return self.host.round(self.hands, self)

    def fetch(self) -> bool:
        return self.host.fetch(self.hands, self)

    def state(self) -> LeaseState:
        """Return how far the lease is at the host."""
        return LeaseState(self.pair.leases("host")[0].state)

    def close(self) -> None:
        """Close both."""
        self.reader.close()
        self.pair.close()
