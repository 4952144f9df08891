"""Who asks: a terminal by its token, and what a terminal of its role may do."""

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from paifang.core import limits
from paifang.core.rules import NodeRules, Rules, Terminal, TerminalRole
from paifang.services.live.keys import SCAN_TOKEN_PREFIX, Keys, ScanToken
from paifang.services.live.problems import Problem
from paifang.services.live.proof import key_name

TOKENS_KEPT_MAX: Final = 1_024

ADMIT: Final = "admit"
PREVIEW: Final = "preview"
OVERRIDE: Final = "override"
PASSAGE: Final = "passage"
ANNUL: Final = "annul"
OCCUPANCY: Final = "occupancy"
STREAM: Final = "stream"
SEARCH: Final = "search"
STATUS: Final = "status"
JOURNAL: Final = "journal"
LANE: Final = "lane"

_WATCH: Final = frozenset({OCCUPANCY, STREAM, STATUS})
RIGHTS: Final[dict[TerminalRole, frozenset[str]]] = {
    TerminalRole.gate: frozenset({ADMIT, PREVIEW, OVERRIDE, PASSAGE, ANNUL, SEARCH, JOURNAL, LANE})
    | _WATCH,
    # A kiosk lets people in by themselves; whatever needs a member of staff is not done there.
    TerminalRole.kiosk: frozenset({ADMIT, PREVIEW, PASSAGE, OCCUPANCY, STATUS}),
    TerminalRole.badge: frozenset({PREVIEW, SEARCH}) | _WATCH,
    TerminalRole.box_office: frozenset({PREVIEW, SEARCH}) | _WATCH,
    TerminalRole.exchange: frozenset({PREVIEW, SEARCH}) | _WATCH,
    TerminalRole.monitor: _WATCH,
}
"""Which endpoints a terminal of each role may call; plain strings, compared at every scan."""

STAFFED: Final = frozenset(
    {TerminalRole.gate, TerminalRole.badge, TerminalRole.box_office, TerminalRole.exchange}
)
"""Roles that need somebody on duty: signed on by a paired terminal's key, they may watch only."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A terminal that proved who it is. `staff` is who proved to be on duty at it, "" for nobody.

    Only a token that carries staff proves somebody; whom a request names besides is hearsay.

    `not_after_ms` is when its token ends (UTC ms), 0 without end; `shift` the id of the shift.
    """

    terminal: Terminal
    staff: str
    may: frozenset[str]
    not_after_ms: int
    unstaffed: bool
    shift: str = ""

    def sites(self, rules: Rules) -> frozenset[str]:
        """Return the sites this terminal may watch: those of its gates; a monitor of none, all."""
        if not self.terminal.gates and self.terminal.role is TerminalRole.monitor:
            return frozenset(rules.centre.sites)
        gates = rules.centre.gates
        return frozenset(
            rules.site_of_gate(gates[slug]).slug for slug in self.terminal.gates if slug in gates
        )


class Callers:
    """Knows callers by their tokens, for one bundle of node rules at a time.

    Headers whose token was verified are remembered, so that a gate is hashed once per bundle and
    not once per scan.
    """

    def __init__(self, keys: Keys) -> None:
        """Take the keys that scan tokens are made with."""
        self._keys = keys
        self._node: NodeRules | None = None
        self._static: dict[str, Caller] = {}
        self._verified: dict[bytes, Caller] = {}
        self._ended: dict[str, int] = {}

    def caller(self, rules: Rules, authorization: bytes, now_ms: int) -> Caller:
        """Return who stands behind an Authorization header.

        Args:
            rules: The newest bundle known.
            authorization: The header's value, b"" if there is none.
            now_ms: UTC milliseconds.

        Raises:
            Problem: token_missing, token_unknown, token_expired or token_revoked.
        """
        caller = self.signing_off(rules, authorization, now_ms)
        if caller.shift in self._ended:
            raise Problem("token_expired")
        return caller

    def signing_off(self, rules: Rules, authorization: bytes, now_ms: int) -> Caller:
        """Return the same, also of a shift that was ended: who ends it twice is told the same.

        Raises:
            Problem: As `caller`.
        """
        if rules.node is not self._node:
            self._learn(rules.node)
        caller = self._verified.get(authorization)
        if caller is None:
            caller = self._verify(authorization, rules.node)
        if caller.not_after_ms and now_ms >= caller.not_after_ms:
            raise Problem("token_expired")
        return caller

    def shift_ended(self, shift: str, now_ms: int) -> None:
        """Let no token of a shift pass any more; each is forgotten once it would have ended."""
        longest_ms = limits.TERMINAL_TOKEN_S * 1000
        self._ended = {
            name: until_ms for name, until_ms in self._ended.items() if until_ms > now_ms
        } | {shift: now_ms + longest_ms}

    @property
    def remembered(self) -> int:
        """How many verified headers are remembered."""
        return len(self._verified)

    def _learn(self, node: NodeRules) -> None:
        """Build the table of static tokens anew and forget what other rules let pass."""
        self._node = node
        self._verified = {}
        self._static = {
            token.sha256: _caller(terminal, "", token.not_after_ms)
            for terminal in node.terminals.values()
            for token in terminal.tokens
        }

    def _verify(self, authorization: bytes, node: NodeRules) -> Caller:
        token = bearer_token(authorization)
        if token.startswith(SCAN_TOKEN_PREFIX):
            caller = self._scan_caller(token, node)
        else:
            # The look-up is by hash: its time tells nothing about any token.
            found = self._static.get(hashlib.sha256(token.encode()).hexdigest())
            if found is None:
                raise Problem("token_unknown")
            caller = found
        if caller.terminal.revoked:
            raise Problem("token_revoked")
        if len(self._verified) >= TOKENS_KEPT_MAX:
            self._verified.clear()
        self._verified[authorization] = caller
        return caller

    def _scan_caller(self, token: str, node: NodeRules) -> Caller:
        read: ScanToken | None = self._keys.read_scan_token(token)
        if read is None:
            raise Problem("token_unknown")
        terminal = node.terminals.get(read.terminal)
        if terminal is None:
            raise Problem("token_revoked")
        if read.key != key_name(terminal.public_key):
            # Paired anew since: what the device before it holds has ended.
            raise Problem("token_revoked")
        staff = node.staff.get(read.staff)
        if read.staff and (staff is None or not staff.active):
            raise Problem("token_revoked")
        found = _caller(terminal, read.staff, read.until_s * 1000)
        found = replace(found, shift=read.shift)
        if terminal.role in STAFFED and not read.staff:
            return replace(found, may=found.may & _WATCH)
        return found


def require(caller: Caller, right: str) -> None:
    """Refuse what a caller may not do.

    Raises:
        Problem: sign_on_needed if it may once somebody has signed on, else role_not_allowed.
    """
    if right in caller.may:
        return
    with_staff = right in RIGHTS[caller.terminal.role]
    raise Problem("sign_on_needed" if with_staff else "role_not_allowed")


def bearer_token(authorization: bytes) -> str:
    """Return the token of an Authorization header (RFC 6750).

    Raises:
        Problem: token_missing without a bearer token, token_unknown for an impossible one.
    """
    scheme, _, token = authorization.partition(b" ")
    if scheme != b"Bearer" and scheme.lower() != b"bearer":
        raise Problem("token_missing")
    token = token.strip()
    if not token:
        raise Problem("token_missing")
    if len(token) > limits.TOKEN_CHARS_MAX:
        raise Problem("token_unknown")
    return token.decode("latin-1")


def _caller(terminal: Terminal, staff: str, not_after_ms: int) -> Caller:
    unstaffed = terminal.role is TerminalRole.kiosk
    return Caller(terminal, staff, RIGHTS[terminal.role], not_after_ms, unstaffed)
