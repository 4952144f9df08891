"""What a ledger says afterwards, compared with every answer the gates were given."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from paifang.core.rules import Rules
from paifang.ledger.facts import AdmissionFact, fact_of
from paifang.ledger.opening import Target, open_reader
from paifang.ledger.rows import JournalRow
from tests.http.scanners import Reply, Scan

ROWS: Final = 5_000
COMMAND_S: Final = 240 if os.environ.get("PAIFANG_SOAK") != "1" else 3600
"""A command of a soak imports lists for many rounds."""


class Recorded(NamedTuple):
    """One admission's or refusal's journal row with its fact."""

    row: JournalRow
    fact: AdmissionFact

    @property
    def at(self) -> str:
        """When it was decided, as gates are told."""
        at = datetime.fromtimestamp(self.row.at_ms / 1000, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Ledger(NamedTuple):
    """Decisions of a ledger by request_id, its rules, and people let into each zone today."""

    decisions: dict[str, Recorded]
    rules: Rules
    entries: dict[str, int]

    @property
    def admitted(self) -> dict[str, Recorded]:
        """Those that let somebody in, by request_id."""
        return {key: one for key, one in self.decisions.items() if one.fact.people > 0}


def read_ledger(target: Target) -> Ledger:
    """Read what a ledger holds; fails if a request_id was decided twice."""
    reader = open_reader(target)
    try:
        cursors: dict[int, tuple[int, int]] = {}
        found: dict[str, Recorded] = {}
        while rows := reader.journal_after(cursors, ROWS):
            for row in rows:
                cursors[row.segment] = (row.epoch, row.seq)
                fact = fact_of(row.kind, row.payload)
                if isinstance(fact, AdmissionFact):
                    assert row.request_id not in found, f"decided twice: {row.request_id}"
                    found[row.request_id] = Recorded(row, fact)
        counts = reader.occupancy(time.time_ns() // 1_000_000)
        return Ledger(found, reader.rules(), {count.zone: count.entries for count in counts})
    finally:
        reader.close()


def judge(scans: Iterable[Scan], replies: Mapping[str, Reply], ledger: Ledger) -> int:
    """Check answers about tickets of one entry against the journal and return the admissions.

    Every scan was answered 200; of each code shown exactly one scan was admitted; every other one
    was refused as `already_used`, naming that admission; the journal holds each of them as it was
    told, and no decision that nobody was told of.
    """
    sent = {scan.request_id: scan for scan in scans}
    assert replies.keys() == sent.keys() == ledger.decisions.keys()
    of_code: dict[str, list[str]] = defaultdict(list)
    for request_id, reply in replies.items():
        assert reply.status == 200, reply
        recorded = ledger.decisions[request_id]
        told = reply.told
        position = (told["node"], told["epoch"], told["seq"])
        assert position == (recorded.row.node, recorded.row.epoch, recorded.row.seq)
        assert (told["request_id"], told["reason"]) == (request_id, recorded.fact.reason)
        of_code[sent[request_id].code].append(request_id)
    for code, shown in of_code.items():
        admitted = [one for one in shown if replies[one].told["decision"] == "admit"]
        assert len(admitted) == 1, f"{code} was admitted {len(admitted)} times: {admitted}"
        for request_id in set(shown) - set(admitted):
            _check_refusal(replies[request_id].told, ledger, sent[admitted[0]])
    return len(of_code)


def _check_refusal(told: Mapping[str, Any], ledger: Ledger, earlier: Scan) -> None:
    """Fail unless a refusal names the admission by `earlier`, with when, where and by whom."""
    recorded = ledger.decisions[earlier.request_id]
    gate = ledger.rules.centre.gates[earlier.gate]
    terminal = ledger.rules.node.terminals[recorded.fact.terminal]
    assert (told["decision"], told["reason"]) == ("refuse", "already_used")
    first = told["first"]
    assert (first["at"], first["gate"]) == (recorded.at, gate.name)
    assert first["terminal"] == terminal.name
    assert recorded.fact.gate == earlier.gate


def paifang(
    *arguments: str | Path, database: str = "", typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end; `typed` is what it reads from its input."""
    return subprocess.run(
        command_line(*arguments, database=database),
        input=typed,
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )


def command_line(*arguments: str | Path, database: str = "") -> list[str]:
    """Return the words of a command, for whoever starts it in a way of their own."""
    command = [sys.executable, "-m", "paifang", *map(str, arguments)]
    return [*command, "--database", database] if database else command


def told_by(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the JSON object in the last line of a command that went well."""
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def require_verified(data: Path, database: str = "") -> None:
    """Fail unless `paifang verify` finds nothing wrong."""
    told = told_by(paifang("verify", "--json", "--data", data, database=database))
    assert told["found"] == 0, told
    assert told["rows"] > 0
