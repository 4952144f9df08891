"""Keying in what was ticked on a door list: each line becomes a late record, once."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from paifang.core import limits
from paifang.core.codes import Kind, recognise
from paifang.core.rules import Direction, Gate, Rules
from paifang.ledger.commands import Admit, Record
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.door_lists import Line, line_of
from paifang.services.desk.permissions import Act, Actor
from paifang.services.live.bodies_journal import RecordAnswer
from paifang.services.live.late import record_answer
from paifang.services.live.problems import faults_as_problems
from paifang.services.live.readings import CodeReader
from paifang.store.models import DoorList

TAIL_DIGITS: Final = 4
_TIME: Final = re.compile(r"([01]?\d|2[0-3])[:：.]?([0-5]\d)")
_NUMBER: Final = re.compile(r"[0-9]{1,6}")


class Typed(NamedTuple):
    """One line as somebody typed it: number on the list, serial or its tail, people, time, way."""

    number: str = ""
    serial: str = ""
    people: str = ""
    at: str = ""
    way: str = "entry"

    @property
    def empty(self) -> bool:
        """Whether nothing was typed into it."""
        return not (self.number or self.serial or self.at)


class LineFault(NamedTuple):
    """Why a line could not be sent: a stable code."""

    code: str


class Keyed(NamedTuple):
    """What became of a line: who it is if known, and the answer, or why it was not sent."""

    typed: Typed
    line: Line | None
    told: RecordAnswer | LineFault

    @property
    def done(self) -> bool:
        """Whether it need not be typed again."""
        return isinstance(self.told, RecordAnswer) and self.told.result in ("accepted", "conflict")


class Keying(NamedTuple):
    """Where, when and by whom lines are keyed in; `form` names the form, so none counts twice."""

    gate: Gate
    door_list: DoorList | None
    day: date
    form: str
    by: Actor


def key_in(rules: Rules, keying: Keying, typed: Sequence[Typed]) -> list[Keyed]:
    """Record the lines of a form and write that down in the audit.

    Raises:
        NotPermitted: Whoever keys in may not.
        Problem: The ledger could not be reached or cannot write; the form can be sent again.
    """
    keying.by.require(Act.keep_door_lists)
    reader = CodeReader(context().keys)
    ready: dict[int, tuple[Record, Line | None]] = {}
    keyed: dict[int, Keyed] = {}
    for place, one in enumerate(typed[: limits.RECORDS_MAX]):
        if one.empty:
            continue
        found = _record(rules, keying, reader, place, one)
        if isinstance(found, LineFault):
            keyed[place] = Keyed(one, None, found)
        else:
            ready[place] = found
    with faults_as_problems():
        commands = [record for record, _ in ready.values()]
        outcomes = context().ledger.commit(commands) if commands else []
    for (place, (record, line)), outcome in zip(ready.items(), outcomes, strict=True):
        keyed[place] = Keyed(typed[place], line, record_answer(record.request_id, outcome))
    if ready:
        _audit(keying, list(keyed.values()))
    return [one for _, one in sorted(keyed.items())]


def _record(
    rules: Rules, keying: Keying, reader: CodeReader, place: int, typed: Typed
) -> tuple[Record, Line | None] | LineFault:
    """Return the command of one line with whose it is, or what is wrong with it."""
    gate = keying.gate
    at_ms = _instant(rules, gate, keying.day, typed.at)
    if at_ms is None:
        return LineFault("time_wrong")
    count = typed.people or "1"
    if not _NUMBER.fullmatch(count) or not 1 <= int(count) <= limits.GROUP_PEOPLE_MAX:
        return LineFault("count_wrong")
    if typed.way not in [direction.value for direction in gate.directions]:
        return LineFault("direction_not_here")
    line: Line | None = None
    ticket, lookups = b"", tuple[bytes, ...]()
    if typed.number:
        found = _line(rules, keying, typed)
        if isinstance(found, LineFault):
            return found
        line, ticket = found, found.ticket.bytes
    elif not recognise(typed.serial, Kind.serial):
        return LineFault("serial_wrong")
    else:
        lookups = reader.read(rules, gate, typed.serial, Kind.serial.value, at_ms).lookups
    request_id = f"door:{keying.form}:{place}"
    ask = Admit(
        request_id=request_id,
        terminal="",
        gate=gate.slug,
        direction=typed.way,
        lookups=lookups,
        ticket=ticket,
        kind=Kind.serial.value,
        count=int(count),
        face_check="staff",
    )
    return Record(request_id=request_id, actor=keying.by.name, admit=ask, at_ms=at_ms), line


def _line(rules: Rules, keying: Keying, typed: Typed) -> Line | LineFault:
    """Return the line of the print that a number names; its serial's tail must fit if typed."""
    if keying.door_list is None:
        return LineFault("list_missing")
    if not _NUMBER.fullmatch(typed.number):
        return LineFault("number_wrong")
    line = line_of(rules, keying.door_list, int(typed.number))
    if line is None:
        return LineFault("number_wrong")
    tail = re.sub(r"\D", "", typed.serial)[-TAIL_DIGITS:]
    if typed.serial and tail != line.serial_tail:
        return LineFault("tail_differs")
    return line


def _instant(rules: Rules, gate: Gate, day: date, typed: str) -> int | None:
    """Return a time of the site's clock as UTC milliseconds, None if it is none."""
    read = _TIME.fullmatch(typed.strip())
    if read is None:
        return None
    zone = ZoneInfo(rules.site_of_gate(gate).time_zone)
    local = datetime.combine(day, time(int(read[1]), int(read[2])), zone)
    return int(local.timestamp() * 1000)


def _audit(keying: Keying, keyed: list[Keyed]) -> None:
    results = [one.told.result for one in keyed if isinstance(one.told, RecordAnswer)]
    counts = ", ".join(f"{results.count(name)} {name}" for name in sorted(set(results)))
    number = keying.door_list.number if keying.door_list else 0
    audit.record(
        "door_list_keyed_in",
        who=keying.by.name,
        subject=f"{number} {keying.gate.slug}: {counts}",
        where=keying.by.where,
    )


def ways_of(gate: Gate) -> list[Direction]:
    """Return the ways people may pass a gate, entry first."""
    return sorted(gate.directions, key=lambda way: way is not Direction.entry)
