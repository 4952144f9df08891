"""The verbs of a gate: admit, preview, override, report the passage, take back."""

import hashlib
import re
from typing import Final, NamedTuple

from msgspec import UnsetType

from paifang.core import limits
from paifang.core.rules import Direction, Gate, Role, Rules, Staff
from paifang.ledger.commands import Admit, Annul, Command, ConfirmPassage, Override, Preview
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, NotAllowed
from paifang.services.live.answers import PASSAGES
from paifang.services.live.bodies import AdmissionBody, AnnulBody, OverrideBody, PassageBody
from paifang.services.live.bodies_journal import RecordBody
from paifang.services.live.callers import Caller
from paifang.services.live.ports import LiveLedger
from paifang.services.live.problems import Problem, problem_of
from paifang.services.live.readings import CodeReader

SUPERVISORS = frozenset({Role.supervisor, Role.manager})


def request_id_of(
    in_body: str | UnsetType, in_header: str | None, default: str | None = None
) -> str:
    """Return the request id, from the body or the Idempotency-Key header.

    Args:
        in_body: The member, checked for length only.
        in_header: The header's value, None if there is none.
        default: What holds if there is neither; None if there must be one.

    Raises:
        Problem: member_missing, member_wrong or request_ids_differ.
    """
    if isinstance(in_body, str):
        request_id = in_body
        if in_header is not None and in_header != request_id:
            raise Problem("request_ids_differ", "request_id")
    else:
        found = default if in_header is None else in_header
        if found is None:
            raise Problem("member_missing", "request_id")
        request_id = found
    if not is_request_id(request_id):
        raise Problem("member_wrong", "request_id", expected="1 to 64 of A-Z a-z 0-9 . _ : -")
    return request_id


_REQUEST_ID: Final = re.compile(rf"[A-Za-z0-9._:-]{{1,{limits.REQUEST_ID_CHARS_MAX}}}")


def is_request_id(text: str) -> bool:
    """Whether a text can be a request id."""
    return _REQUEST_ID.fullmatch(text) is not None


def default_request_id(verb: str, admission: str) -> str:
    """Return the request id of what is done once per admission, such as reporting its passage."""
    plain = f"{verb}:{admission}"
    if len(plain) <= limits.REQUEST_ID_CHARS_MAX:
        return plain
    return f"{verb}:{hashlib.blake2b(admission.encode(), digest_size=16).hexdigest()}"


def gate_of(rules: Rules, caller: Caller, body: AdmissionBody | RecordBody) -> Gate:
    """Return the gate asked for. Raises Problem if there is none, or not for this terminal."""
    gate = rules.centre.gates.get(body.gate)
    if gate is None:
        raise Problem("gate_unknown", "gate")
    if body.gate not in caller.terminal.gates:
        raise Problem("gate_not_allowed", "gate")
    if Direction[body.direction] not in gate.directions:
        raise Problem("direction_not_here", "direction")
    return gate


def staff_of(rules: Rules, caller: Caller, named: str) -> str:
    """Return who is on duty: whoever signed on at the terminal, else whom the terminal names.

    Raises:
        Problem: staff_unknown, also if a terminal names another one than signed on.
    """
    if caller.staff:
        if named and named != caller.staff:
            raise Problem("staff_unknown", "staff")
        return caller.staff
    if named:
        staff = rules.node.staff.get(named)
        if staff is None or not staff.active:
            raise Problem("staff_unknown", "staff")
    return named


class Asked(NamedTuple):
    """One request's circumstances: the newest rules, who asks, the request id, UTC ms."""

    rules: Rules
    caller: Caller
    request_id: str
    now_ms: int


def admit_command(reader: CodeReader, asked: Asked, body: AdmissionBody) -> Admit:
    """Return the command for a ticket shown at a gate. Raises Problem."""
    rules, caller, request_id, now_ms = asked
    gate = gate_of(rules, caller, body)
    reading = reader.read(rules, gate, body.code, body.kind, now_ms)
    return Admit(
        request_id=request_id,
        actor=caller.staff,
        terminal=caller.terminal.id,
        gate=body.gate,
        direction=body.direction,
        lookups=reading.lookups,
        ticket=reading.ticket,
        signed=reading.signed,
        verdict=reading.verdict,
        kind=reading.kind,
        count=body.count,
        face_check=body.face_check,
        staff=staff_of(rules, caller, body.staff),
    )


def preview_command(reader: CodeReader, asked: Asked, body: AdmissionBody) -> Preview:
    """Return the command that asks what `admit` would say. Raises Problem."""
    return Preview(admit=admit_command(reader, asked, body))


def override_command(
    reader: CodeReader, asked: Asked, body: OverrideBody, supervisor: Staff
) -> Override:
    """Return the command by which a supervisor, whose PIN was checked, admits. Raises Problem."""
    rules, caller, request_id, now_ms = asked
    gate = gate_of(rules, caller, body)
    reason_text = plain_text(body.reason_text, "reason_text")
    if not reason_text:
        raise Problem("member_wrong", "reason_text", expected="a reason in words")
    reading = reader.read(rules, gate, body.code, body.kind, now_ms)
    return Override(
        request_id=request_id,
        actor=supervisor.username,
        reason_text=reason_text,
        admit=Admit(
            actor=supervisor.username,
            request_id=request_id,
            terminal=caller.terminal.id,
            gate=body.gate,
            direction=body.direction,
            lookups=reading.lookups,
            ticket=reading.ticket,
            signed=reading.signed,
            verdict=reading.verdict,
            kind=reading.kind,
            count=body.count,
            face_check=body.face_check,
            staff=supervisor.username,
        ),
    )


def passage_command(asked: Asked, admission: str, body: PassageBody) -> ConfirmPassage:
    """Return the command that records what became of a permission."""
    return ConfirmPassage(
        request_id=asked.request_id,
        actor=asked.caller.staff,
        admission=admission,
        terminal=asked.caller.terminal.id,
        passage=PASSAGES[body.result],
    )


def annul_command(asked: Asked, admission: str, body: AnnulBody, supervisor: Staff | None) -> Annul:
    """Return the command that takes an admission back. Raises Problem."""
    return Annul(
        request_id=asked.request_id,
        actor=supervisor.username if supervisor else asked.caller.staff,
        admission=admission,
        terminal=asked.caller.terminal.id,
        reason_text=plain_text(body.reason_text, "reason_text"),
        supervisor=supervisor is not None,
    )


def plain_text(text: str, field: str) -> str:
    """Return free text without blanks around it. Raises Problem for control characters in it."""
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
        raise Problem("member_wrong", field, expected="text without control characters")
    return text.strip()


def supervisor_of(rules: Rules, username: str) -> Staff:
    """Return a member of staff, whose PIN was checked, as supervisor. Raises Problem."""
    staff = rules.node.staff.get(username)
    if staff is None or staff.role not in SUPERVISORS:
        raise Problem("not_supervisor", "staff")
    return staff


async def commit(ledger: LiveLedger, command: Command, terminal: str) -> Answer:
    """Return the ledger's durable answer.

    Raises:
        Problem: For every fault of the ledger; token_revoked if the terminal was withdrawn between
            the check of its token and the batch.
    """
    try:
        return await ledger.commit(command)
    except NotAllowed as fault:
        known = ledger.rules.node.terminals.get(terminal)
        if known is None or known.revoked:
            raise Problem("token_revoked") from fault
        raise problem_of(fault) from fault
    except LedgerFault as fault:
        raise problem_of(fault) from fault
