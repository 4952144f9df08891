"""`paifang verify`: whether journal and state of a ledger hold together, on either engine.

Everything is read in one snapshot, also of a ledger that is being written to. The journal streams
by once, in the order of its key; beside it run the enclosures and, after it, the tables it must
explain. What cannot be streamed is kept in columns (`replay_uses`) or summed up (`balance`).
"""

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import msgspec

from paifang.core.rules import CentreRules, NodeRules
from paifang.ledger import tables as t
from paifang.ledger.apply.configuration import JUMP_BITS
from paifang.ledger.balance import Balance, Key
from paifang.ledger.bundle import LAYERS, decode_layer, meta_name, node_layer
from paifang.ledger.engine import Reader
from paifang.ledger.facts import (
    AdmissionFact,
    AllotFact,
    AnnulFact,
    EraseFact,
    Fact,
    HandoverFact,
    HoldEndFact,
    HoldFact,
    IssueFact,
    PassageFact,
    PublishFact,
    QuotaFact,
    RecoveredFact,
    SealFact,
    SegmentFact,
    fact_of,
)
from paifang.ledger.faults import Misuse
from paifang.ledger.findings import Findings, Report
from paifang.ledger.records import base_records
from paifang.ledger.recovered import first_told, original
from paifang.ledger.replay import Admissions, GateReplay, credentials_of
from paifang.ledger.replay_chain import ChainCheck, EnclosureCheck
from paifang.ledger.replay_duty import DutyReplay
from paifang.ledger.replay_leases import LeaseReplay
from paifang.ledger.replay_quota import QuotaReplay
from paifang.ledger.replay_sales import SalesReplay
from paifang.ledger.rows import BundleRow, Head, JournalRow, Request
from paifang.ledger.sale_facts import GiveBackFact, OrderEndFact

CHUNK_ROWS: Final = 512
RULES_KEPT: Final = 8
"""Versions of the rules held in memory at once; each may be some megabytes."""
OWN_SEGMENT: Final = 1

Signer = Callable[[bytes, bytes], bool]
Progress = Callable[[int, int], None]
Watched = Mapping[str, frozenset[int]]
UNREADABLE: Final = (
    ValueError,
    LookupError,
    TypeError,
    OverflowError,
    struct.error,
    msgspec.MsgspecError,
    Misuse,
)
"""What reading a row can raise that was tampered with."""


def verify(
    reader: Reader,
    *,
    signer: Signer | None = None,
    progress: Progress | None = None,
    seals: dict[str, str] | None = None,
) -> Report:
    """Check chain, sums and invariants of a ledger (I1, I2, I5, I6, I7, I8 and I10).

    Args:
        reader: A connection nobody else uses meanwhile.
        signer: Says whether (body, signature) of a version of the rules is genuine.
        progress: Called with the journal rows done and their number, now and then.
        seals: Takes the digests of the acts by hand that the journal knows, by their ids; in hex.

    Raises:
        EngineError: The database cannot be read.
    """
    with reader.snapshot():
        first = _Verification(reader, signer, progress)
        first.seals = {} if seals is None else seals
        first.run()
        watched = {name: balance.uneven() for name, balance in first.balances().items()}
        if any(watched.values()):
            second = _Verification(reader, signer, None, watched)
            second.run()
            first.name_culprits(second)
        return first.report()


class _Verification:
    """One run over one ledger. `watched` buckets of the balances are kept key by key."""

    def __init__(
        self,
        reader: Reader,
        signer: Signer | None,
        progress: Progress | None,
        watched: Watched | None = None,
    ) -> None:
        watch = dict(watched or {})
        self.reader = reader
        self.signer = signer
        self.progress = progress
        self.findings = Findings()
        self.centre_at = lru_cache(RULES_KEPT)(self._centre_at)
        self.node_at = lru_cache(RULES_KEPT)(self._node_at)
        self.gates = GateReplay(self.findings, self.centre_at, self.node_at)
        self.gates.aftermaths = Balance(watch.get("aftermath", frozenset()))
        self.quotas = QuotaReplay(self.findings)
        self.quotas.holds = Balance(watch.get("hold", frozenset()))
        self.sales = SalesReplay(self.findings)
        self.duty = DutyReplay(self.findings, self.node_at)
        self.leases = LeaseReplay(self.findings, self.gates.tickets)
        self.adopted: set[int] = set()
        self.used: dict[tuple[str, int], JournalRow] = {}
        self.requests = Balance(watch.get("request", frozenset()))
        self.credentials = Balance(watch.get("credential", frozenset()))
        self.versions: dict[tuple[str, int], str] = {}
        self.seals: dict[str, str] = {}
        self.opened = {OWN_SEGMENT}
        self.enclosures = EnclosureCheck((), self.gates.tickets, self.findings)
        self.rows = self.rows_total = 0
        self.counts: dict[str, int] = {}
        self.plain: dict[type[Fact], Callable[[JournalRow, Any], None]] = {
            **self.gates.handlers,
            **self.duty.handlers,
            **self.leases.handlers,
            **self.sales.handlers,
            QuotaFact: self.quotas.capacity,
            AllotFact: self.quotas.allot,
            HoldFact: self.quotas.hold,
            HoldEndFact: self.quotas.end,
            GiveBackFact: self.quotas.give_back,
            SegmentFact: self._segment,
            PublishFact: self._publish,
            SealFact: self._seal,
        }

    def balances(self) -> dict[str, Balance]:
        """Return the balances by the name of what they compare."""
        return {
            "aftermath": self.gates.aftermaths,
            "hold": self.quotas.holds,
            "request": self.requests,
            "credential": self.credentials,
        }

    def name_culprits(self, second: "_Verification") -> None:
        """Take in what the second look found out about uneven balances."""
        for name, balance in second.balances().items():
            for key in balance.uneven_keys():
                self.findings.add(f"{name}_differs", f"{name} {_shown(key)}")

    def run(self) -> None:
        """Read everything."""
        scan = self.reader.scan
        heads: dict[int, Head] = {head.number: head for head in scan(t.HEAD)}
        self.gates.heads = {head.uuid: head for head in heads.values()}
        self.rows_total = sum(head.seq for head in heads.values())
        self.gates.tickets.load(scan(t.TICKET))
        self.gates.uses.load(scan(t.USE))
        leases = list(scan(t.LEASE))
        self.quotas.begin(leases, heads.values())
        rows = scan(t.BASE), scan(t.LOADED), leases
        self.leases.start(list(heads.values()), *rows, self.reader.meta())
        self.duty.own_segments = frozenset(head.number for head in heads.values() if not head.site)
        self.leases.begin(self.gates, base_records(scan(t.BASE_TICKET)), leases)
        self.enclosures = EnclosureCheck(scan(t.ENCLOSURE), self.gates.tickets, self.findings)
        self._journal(heads)
        self.enclosures.finish()
        for head in heads.values():
            if head.number not in self.opened:
                self.findings.add("segment_unexplained", f"segment {head.number}")
        self.counts["segments"] = len(heads)
        self.counts["bundles"] = self._bundles()
        self.leases.compare(leases, scan(t.WISH))
        self.gates.tickets.compare()
        self.gates.uses.compare(scan(t.USE))
        self.gates.compare_counts(iter(scan(t.ZONE_DAY)), iter(scan(t.SESSION_COUNT)))
        self.quotas.close()
        self.counts["holds"] = self.quotas.compare(iter(scan(t.QUOTA)), iter(scan(t.HOLD)))
        tables = t.SALE, t.SOLD, t.SHIFT, t.MONEY
        self.sales.compare(*(iter(scan(table)) for table in tables))
        for row in scan(t.AFTERMATH):
            if any(row[1:]):
                self.gates.aftermaths.right(row.admission, row[1:])
        self.counts["requests"] = self._requests()
        self.counts["credentials"] = self._credentials()
        if self.progress is not None:
            self.progress(self.rows_total, self.rows_total)

    def report(self) -> Report:
        """Return what was found."""
        return Report(
            **self.counts,
            rows=self.rows,
            enclosures=self.enclosures.count,
            erased=self.enclosures.erased,
            tickets=len(self.gates.tickets.ids),
            entitlements=len(self.gates.uses.segment),
            found=self.findings.count,
            findings=tuple(self.findings.kept),
        )

    # The journal.

    def _journal(self, heads: dict[int, Head]) -> None:
        """Stream the journal, segment after segment."""
        waiting, pages = dict(sorted(heads.items())), 0
        chain: ChainCheck | None = None
        for chunk in _chunks(self.reader.scan(t.JOURNAL)):
            facts = [self._read(row) for row in chunk]
            admissions = self._admissions(facts)
            refused = self._answered_elsewhere(chunk)
            for row, fact in zip(chunk, facts, strict=True):
                if chain is None or chain.head.number != row.segment:
                    pages += self._finish(chain)
                    chain = self._start(waiting.pop(row.segment, None), row)
                chain.take(row, fact)
                self.leases.put_back(self.gates, chain.begun)
                self.leases.forget_holder(row, fact)
                self.leases.check_writer(row)
                self.enclosures.take(row)
                if row.request_id and row[:3] not in refused:
                    self.requests.left(row.request_id, row[:3])
                if fact is not None:
                    self._take(row, fact, admissions)
            self.rows += len(chunk)
            if self.progress is not None:
                self.progress(min(self.rows, self.rows_total), self.rows_total)
        pages += self._finish(chain)
        for head in waiting.values():
            pages += self._finish(self._start(head))
        self.counts["pages"] = pages

    def _finish(self, chain: ChainCheck | None) -> int:
        """End a segment, which a lease may hold without a row under it yet; return its pages."""
        pages = 0 if chain is None else chain.finish()
        self.leases.put_back(self.gates, chain.begun if chain is not None else None)
        return pages

    def _start(self, head: Head | None, row: JournalRow | None = None) -> ChainCheck:
        """Begin with a segment; one without a head is checked as far as that goes."""
        if head is None:
            assert row is not None, "a segment without head has a row"
            self.findings.at("unknown_segment", row)
            head = Head(row.segment, "", "", "", seq=row.seq)
        self.gates.start_segment(head.seq)
        self.leases.start_segment(head)
        pages = self.reader.rows(t.PAGE, (head.number,), width=1)
        bases = self.reader.rows(t.BASE, (head.number,), width=1)
        return ChainCheck(head, pages, self.findings, bases)

    def _read(self, row: JournalRow) -> Fact | None:
        """Return a row's fact, or None if it is none."""
        try:
            fact = fact_of(row.kind, row.payload)
            # What a recovered row told first must be readable too, before anything leans on it.
            first_told(fact)
        except UNREADABLE as error:
            self._unreadable(row, error)
            return None
        return fact

    def _unreadable(self, row: JournalRow, error: Exception) -> None:
        self.findings.at("row_unreadable", row, error=f"{type(error).__name__} {error}")

    def _admissions(self, facts: Sequence[Fact | None]) -> Admissions:
        """Return the admissions that passages and annulments of a chunk are about."""
        told = [first_told(fact) for fact in facts if fact is not None]
        wanted = {fact.admission for fact in told if isinstance(fact, PassageFact | AnnulFact)}
        if not wanted:
            return {}
        requests: list[Request] = self.reader.rows(t.REQUEST, sorted(wanted))
        keys = sorted({request[2:] for request in requests})
        rows = {row[:3]: original(row) for row in self.reader.rows(t.JOURNAL, keys)}
        found = self._brought(sorted(wanted))
        for request in requests:
            row = rows.get(request[2:])
            fact = self._read(row) if row is not None else None
            # A late record is a fact of its own, which nobody takes back.
            if row is not None and type(fact) is AdmissionFact:
                found[request.request_id] = (row, fact)
        return found

    def _answered_elsewhere(self, chunk: Sequence[JournalRow]) -> set[tuple[int, int, int]]:
        """Return rows whose request another row answers.

        They stand in other nodes' own journals, or were written before a spare took over.
        """
        foreign = self.duty.own_segments - {OWN_SEGMENT}
        others = [
            (row.request_id, row[:3])
            for row in chunk
            if row.request_id and (row.segment in foreign or not self.leases.counts(row))
        ]
        requests: list[Request] = self.reader.rows(t.REQUEST, sorted({name for name, _ in others}))
        answers = {request.request_id: request[2:] for request in requests}
        return {place for name, place in others if answers.get(name, place) != place}

    def _brought(self, wanted: Sequence[str]) -> Admissions:
        """Return the admissions of other hosts that a lease brought along."""
        numbers = {head.uuid: head.number for head in self.gates.heads.values()}
        rows = [
            JournalRow(
                *(numbers.get(each.segment, 0), each.epoch, each.seq, each.at_ms, each.node),
                *(each.kind, each.request_id, each.payload, b""),
            )
            for each in self.reader.rows(t.SETTLED, wanted)
        ]
        told = [(row, self._read(row)) for row in rows]
        return {row.request_id: (row, fact) for row, fact in told if type(fact) is AdmissionFact}

    def _take(self, row: JournalRow, fact: Fact, admissions: Admissions) -> None:
        """Replay one row."""
        if isinstance(fact, RecoveredFact):
            self._take_recovered(row, fact, admissions)
        else:
            self._take_plain(row, fact, admissions)

    def _take_recovered(self, row: JournalRow, fact: RecoveredFact, admissions: Admissions) -> None:
        """Replay an act of a host that was given up, as far as it was followed.

        What that host knew when it decided may be lost with it, so the ticket's state is not asked.
        """
        self._check_versions(row, fact)
        if fact.disputed or row.segment in self.duty.own_segments:
            return
        first = original(row)._replace(node=row.node)
        told = first_told(fact)
        # Gate and terminal are this node's by now, so its own rules tell of them.
        self.gates.recovered = True
        self._take_plain(first, msgspec.structs.replace(told, rules=fact.rules), admissions)
        self.gates.recovered = False

    def _take_plain(self, row: JournalRow, fact: Fact, admissions: Admissions) -> None:
        try:
            self._check_versions(row, fact)
            counts = self.leases.counts(row)
            if not self.gates.is_loaded(getattr(fact, "ticket", "")):
                for key, value in credentials_of(fact):
                    self.credentials.left(key, value)
            if isinstance(fact, IssueFact):
                for hash_, ticket in fact.freed:
                    # What it had until now stands in the table no more.
                    self.credentials.right(bytes.fromhex(hash_), (bytes.fromhex(ticket),))
                if fact.order and not fact.amended:
                    self.sales.issued(row, fact)
            if isinstance(fact, EraseFact | OrderEndFact) and fact.order and fact.bodies:
                self.enclosures.forgotten.add(bytes.fromhex(fact.order))
            # Holds end, whenever that was; counters begin anew with each lease by themselves.
            if not counts and not isinstance(fact, HandoverFact | HoldFact | HoldEndFact):
                return
            if isinstance(fact, PassageFact | AnnulFact):
                self.gates.aftermath(row, fact, admissions)
            else:
                self.plain[type(fact)](row, fact)
        except UNREADABLE as error:
            self._unreadable(row, error)

    # Configuration.

    def _check_versions(self, row: JournalRow, fact: Fact) -> None:
        """Whether the rules a row names were published, by its node where that is not this one."""
        centre, node = fact.rules
        if node and not self.leases.is_own(row.node):
            # Its own journal may stand behind this row, so this is looked up at the end.
            self.used.setdefault((node_layer(row.node), node), row)
            node = 0
        for layer, version in zip(LAYERS, (centre, node), strict=True):
            if version and (layer, version) not in self.versions:
                self.findings.at("version_unknown", row, version=f"{layer} {version}")

    def _segment(self, row: JournalRow, fact: SegmentFact) -> None:
        if not self.leases.is_own(row.node):
            return
        head = self.gates.heads.get(fact.uuid)
        told = (fact.segment, fact.uuid, fact.site, fact.period)
        if head is None or head[:4] != told or fact.segment in self.opened:
            self.findings.at("segment_differs", row)
        self.opened.add(fact.segment)

    def _publish(self, row: JournalRow, fact: PublishFact) -> None:
        layer = fact.layer
        if not self.leases.is_own(row.node):
            if layer == "centre":
                # This node's own, which the other one took over.
                return
            layer = node_layer(row.node)
        newest = max((version for each, version in self.versions if each == layer), default=0)
        # A lessee takes over what is in force at the centre, and not what was before.
        jumps = fact.adopted or fact.version % (1 << JUMP_BITS) == 0
        follows = fact.version > newest if jumps else fact.version == newest + 1
        if not follows:
            self.findings.at("bundle_differs", row)
        if fact.adopted:
            self.adopted.add(fact.version)
        self.versions[layer, fact.version] = fact.digest

    def _seal(self, row: JournalRow, fact: SealFact) -> None:
        if row.segment not in self.duty.own_segments:
            self.findings.at("row_wrong_segment", row)
        if row.request_id != fact.entry:
            self.findings.at("seal_differs", row)
        if self.leases.is_own(row.node):
            self.seals[fact.entry] = fact.digest

    def _bundles(self) -> int:
        """Compare the versions of the rules with what was published; return how many there are."""
        for (layer, version), row in self.used.items():
            if (layer, version) not in self.versions:
                self.findings.at("version_unknown", row, version=f"{layer} {version}")
        count, missing = 0, dict(self.versions)
        for row in self.reader.scan(t.BUNDLE):
            count += 1
            where = f"bundle {row.layer} {row.version}"
            if hashlib.sha256(row.body).digest() != row.digest:
                self.findings.add("bundle_altered", where)
            if missing.pop((row.layer, row.version), None) != row.digest.hex():
                self.findings.add("bundle_differs", where)
            ours = row.layer == "node" or (
                row.layer == "centre" and row.version not in self.adopted
            )
            if ours and self.signer is not None and not self.signer(row.body, row.signature):
                self.findings.add("bundle_unsigned", where)
        for layer, version in missing:
            self.findings.add("bundle_differs", f"bundle {layer} {version}")
        meta = self.reader.meta()
        for layer in LAYERS:
            newest = max((v for each, v in self.versions if each == layer), default=0)
            if meta.get(meta_name(layer), "0") != str(newest):
                self.findings.add("bundle_differs", f"bundle {layer} in force")
        return count

    def _layer_at(self, layer: str, version: int, name: str = "") -> CentreRules | NodeRules:
        """Return a version of a layer, kept under a name. Raises LookupError or Misuse."""
        rows: list[BundleRow] = self.reader.rows(t.BUNDLE, ((name or layer, version),))
        return decode_layer(layer, rows[0].body)

    def _centre_at(self, version: int) -> CentreRules:
        layer = self._layer_at("centre", version) if version else CentreRules()
        assert isinstance(layer, CentreRules), "decoded as what was asked for"
        return layer

    def _node_at(self, node: str, version: int) -> NodeRules:
        name = "node" if self.leases.is_own(node) else node_layer(node)
        layer = self._layer_at("node", version, name) if version else NodeRules()
        assert isinstance(layer, NodeRules), "decoded as what was asked for"
        return layer

    # Tables the journal must explain.

    def _requests(self) -> int:
        count = 0
        for row in self.reader.scan(t.REQUEST):
            count += 1
            self.requests.right(row.request_id, row[2:])
        return count

    def _credentials(self) -> int:
        count = 0
        for row in self.reader.scan(t.CREDENTIAL):
            count += 1
            if self.gates.is_loaded(row.ticket):
                # It came with its ticket, and no row here tells of that.
                continue
            self.credentials.right(row.hash, (row.ticket,))
            if row.state:
                self.credentials.right(row.hash, (row.state,))
        return count


def _chunks(rows: Iterable[JournalRow]) -> Iterator[list[JournalRow]]:
    """Yield rows some at a time."""
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK_ROWS)):
        yield chunk


def _shown(key: Key) -> str:
    return key if isinstance(key, str) else key.hex()
