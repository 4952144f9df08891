"""Gates that are machines: what a lane agent asks in one message, decided and answered.

Blocking: the runtime calls it in a thread of its own, with a reading connection nobody else uses.
"""

from typing import Final

import msgspec

from paifang.core import limits
from paifang.core.rules import Direction, Rules
from paifang.ledger.commands import Command
from paifang.ledger.opening import LedgerReader
from paifang.services.live.admission import is_request_id
from paifang.services.live.callers import Caller
from paifang.services.live.problems import Problem
from paifang.services.live.readings import KINDS, CodeReader
from paifang.sync.gates import Host, Make, Shown, answer_gate, command_of
from paifang.sync.lane_messages import LANE_PROTOCOL, LaneAsk, LaneDown, LaneUp
from paifang.sync.lessee import Commit

__all__ = ["Host", "LaneDown", "LaneSide", "LaneUp", "opened", "packed"]

_ASKS_MAX: Final = 64
_read = msgspec.msgpack.Decoder(LaneUp).decode
packed = msgspec.msgpack.Encoder().encode


def opened(data: bytes, caller: Caller) -> LaneUp:
    """Return what a gate tells, in its own name. Raises Problem."""
    try:
        up = _read(data)
    except msgspec.MsgspecError:
        raise Problem("document_unreadable") from None
    if up.protocol not in (LANE_PROTOCOL, LANE_PROTOCOL - 1):
        raise Problem("document_too_new")
    if len(up.asks) > _ASKS_MAX or len(up.unsettled) > limits.RECOVER_ACTS_MAX:
        raise Problem("too_large")
    return msgspec.structs.replace(up, terminal=caller.terminal.id)


class LaneSide:
    """Answers gates for this node."""

    def __init__(self, codes: CodeReader, host: Host) -> None:
        """Take what reads codes, and who answers."""
        self._codes = codes
        self._host = host

    def answer(
        self, reader: LedgerReader, commit: Commit, up: LaneUp, caller: Caller, now_ms: int
    ) -> LaneDown:
        """Return what a gate is answered.

        Args:
            reader: A connection nobody else uses meanwhile.
            commit: Commits commands.
            up: What it told, `opened`.
            caller: Who it proved to be.
            now_ms: UTC milliseconds.

        Raises:
            LedgerFault: The ledger takes nothing now.
        """
        make = self._make(reader.rules(), caller, now_ms)
        return answer_gate(reader.raw, commit, up, make, self._host)

    def _make(self, rules: Rules, caller: Caller, now_ms: int) -> Make:
        def make(ask: LaneAsk) -> Command | str:
            if not is_request_id(ask.request_id) or not _is_readable(ask):
                return "misuse"
            if ask.act in ("passage", "annul"):
                return command_of(ask, caller.terminal.id, Shown(), caller.staff)
            gate = rules.centre.gates.get(ask.gate)
            if gate is None or ask.gate not in caller.terminal.gates:
                return "not_allowed"
            if Direction(ask.direction) not in gate.directions:
                return "not_allowed"
            reading = self._codes.read(rules, gate, ask.code, ask.kind, ask.at_ms or now_ms)
            return command_of(ask, caller.terminal.id, Shown(*reading), caller.staff)

        return make


def _is_readable(ask: LaneAsk) -> bool:
    """Whether everything of an ask is of a form a gate can mean."""
    return (
        len(ask.code) <= limits.CODE_CHARS_MAX
        and ask.kind in KINDS
        and ask.direction in Direction.__members__
        and 1 <= ask.count <= limits.GROUP_PEOPLE_MAX
        and (not ask.admission or is_request_id(ask.admission))
    )
