"""A small venue with a real ledger, and a client that calls the ASGI application directly."""

import asyncio
import hashlib
import json
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from paifang.core.rules import (
    CentreRules,
    Direction,
    EntitlementRule,
    Event,
    Gate,
    NodeRules,
    Product,
    Reentry,
    Role,
    Site,
    Staff,
    Terminal,
    TerminalRole,
    Token,
    Zone,
)
from paifang.ledger.commands import Command, Credential, Issue, OpenSegment, Publish
from paifang.ledger.facts import Answer
from paifang.ledger.opening import open_engine
from paifang.ledger.writer import Writer
from paifang.runtime.live_ledger import LoopLedger
from paifang.services.live.keys import Keys, Secrets, token_sha256
from paifang.services.live.pins import hash_pin
from paifang.web.live.app import LiveApp, make_app
from paifang.web.live.ports import (
    Check,
    LivePorts,
    Message,
    Readiness,
    Receive,
    Scope,
    Send,
    WriterFigures,
)
from tests.device import Device

T = TypeVar("T")

START_MS = 1_795_341_600_000
TOKEN_OF = {
    name: f"pft_{name:X<28}"
    for name in (
        *("north-1", "north-2", "south-1", "annexe-1", "kiosk-1", "monitor-1", "box-1"),
        *("revoked-1", "expired-1"),
    )
}
ADULT, TWICE, RETURNING, SUPERVISED, GROUP = 1, 2, 3, 4, 5
PIN = "135790"
_SALT = "ab" * 16

CENTRE = CentreRules(
    events={1: Event(1, "fair-2026", "fair", "Fair", "展会", "org")},
    products={
        ADULT: Product(ADULT, "adult", 1, "Adult", "成人票", (EntitlementRule("hall"),)),
        TWICE: Product(
            TWICE, "twice", 1, "Twice", "两次票", (EntitlementRule("hall", uses_max=2),)
        ),
        RETURNING: Product(
            RETURNING,
            "returning",
            1,
            "Returning",
            "可复入票",
            (EntitlementRule("hall", reentry=Reentry.after_exit),),
        ),
        SUPERVISED: Product(
            SUPERVISED, "vip", 1, "VIP", "贵宾票", (EntitlementRule("hall"),), supervised=True
        ),
        GROUP: Product(GROUP, "group", 1, "Group", "团体票", (EntitlementRule("hall"),)),
    },
    sites={"city": Site("city", "City"), "hill": Site("hill", "Hill")},
    zones={
        "hall": Zone("hall", "city", "Hall", "大厅", cap=20, alarm_percent=50),
        "garden": Zone("garden", "hill", "Garden", "花园"),
    },
    gates={
        "north": Gate("north", "hall", "North gate", "北门", events=(1,)),
        "south": Gate("south", "hall", "South gate", "南门", events=(1,)),
        "in-only": Gate(
            "in-only", "hall", "Entry", "入口", directions=(Direction.entry,), events=(1,)
        ),
        "annexe": Gate("annexe", "garden", "Annexe", "别馆", events=(1,)),
    },
)


def _terminal(name: str, role: TerminalRole, *gates: str, not_after_ms: int = 0) -> Terminal:
    token = Token(token_sha256(TOKEN_OF[name]), not_after_ms)
    return Terminal(name, name.title(), role, gates, (token,))


TERMINALS: tuple[Terminal, ...] = (
    _terminal("north-1", TerminalRole.gate, "north", "in-only"),
    _terminal("north-2", TerminalRole.gate, "north"),
    _terminal("south-1", TerminalRole.gate, "south"),
    _terminal("annexe-1", TerminalRole.gate, "annexe"),
    _terminal("kiosk-1", TerminalRole.kiosk, "north"),
    _terminal("monitor-1", TerminalRole.monitor),
    _terminal("box-1", TerminalRole.box_office, "north"),
    replace(_terminal("revoked-1", TerminalRole.gate, "north"), revoked=True),
    _terminal("expired-1", TerminalRole.gate, "north", not_after_ms=START_MS - 1),
)
DEVICE, OTHER_DEVICE = Device(seed=7), Device(seed=8)
CARD = "04:A2:2B:5A:11:6F:80"
PAIRED = (
    *(("phone-1", TerminalRole.gate), ("phone-2", TerminalRole.gate)),
    *(("kiosk-2", TerminalRole.kiosk), ("wall-1", TerminalRole.monitor)),
)
TERMINALS += tuple(
    Terminal(name, name.title(), role, ("north",), public_key=DEVICE.public_key)
    for name, role in PAIRED
)
KEYS = Keys(Secrets(master="11" * 32, signing_seed="22" * 32, node="0" * 32))
NODE = NodeRules(
    node="venue",
    terminals={terminal.id: terminal for terminal in TERMINALS},
    staff={
        "sun": Staff("sun", "孙主管", Role.supervisor, _SALT, hash_pin(PIN, _SALT)),
        "li": Staff(
            *("li", "李检票", Role.steward, _SALT, hash_pin("246802", _SALT)),
            cards=(KEYS.card_hash("04A22B5A116F80"),),
        ),
        "gone": Staff("gone", "Gone", Role.supervisor, _SALT, hash_pin(PIN, _SALT), active=False),
    },
)


class SetClock:
    """A clock that stands still until it is set."""

    steps = 0

    def __init__(self) -> None:
        self.at_ms = START_MS

    def now_ms(self) -> int:
        return self.at_ms


class Answered(NamedTuple):
    """What came back of one request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


async def desk(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand for the desk: every path it is asked for is unknown to it."""
    del receive
    headers = [(b"x-served-by", b"desk")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


class Venue:
    """The application over a real ledger, called without sockets."""

    def __init__(self, target: str | Path, *, bench: bool = False) -> None:
        """Open (and, if it is new, set up) a ledger."""
        self.runner = asyncio.Runner()
        self.clock = SetClock()
        self.pieces_left = 0
        self.writer = Writer(open_engine(target, KEYS.node), node=KEYS.node, clock=self.clock)
        self.writer.start()
        self.ledger = self.run(self._loop_ledger(target))
        self.checks: tuple[Check, ...] = (Check("ledger", ok=True),)
        self.app: LiveApp = make_app(
            LivePorts(
                ledger=self.ledger,
                keys=KEYS,
                forward=desk,
                readiness=lambda: Readiness(self.checks),
                run_blocking=asyncio.to_thread,
                now_ms=self.clock.now_ms,
                writer=self._figures,
                bench=bench,
            )
        )
        self.ledger.on_commit = self.app.notify
        if not self.ledger.rules.centre.version:
            self.publish("centre", CENTRE)
            self.publish("node", NODE)
            self.commit(OpenSegment(site="city"))

    async def _loop_ledger(self, target: str | Path) -> LoopLedger:
        return LoopLedger(self.writer, target, self.clock)

    def _figures(self) -> WriterFigures:
        health = self.writer.health()
        return WriterFigures(health.queue, health.batches, health.commands)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the venue's loop."""
        return self.runner.run(work)

    def commit(self, command: Command) -> Answer:
        """Commit a command past the API."""
        return self.run(self.ledger.commit(command))

    def publish(self, layer: str, rules: CentreRules | NodeRules) -> None:
        """Bring a version of a layer into force."""
        now = self.ledger.rules
        base = now.centre.version if layer == "centre" else now.node.version
        self.commit(Publish(layer=layer, base=base, body=msgspec.json.encode(rules)))

    def revoke(self, name: str) -> None:
        """Withdraw a terminal."""
        self.run(self.revoke_now(name))

    async def revoke_now(self, name: str) -> None:
        """Withdraw a terminal without leaving the loop."""
        terminals = {**NODE.terminals, name: replace(NODE.terminals[name], revoked=True)}
        body = msgspec.json.encode(replace(NODE, terminals=terminals))
        await self.ledger.commit(
            Publish(layer="node", base=self.ledger.rules.node.version, body=body)
        )

    def issue(self, code: str, *, product: int = ADULT, people: int = 1, kind: str = "code") -> str:
        """Issue a ticket with one credential and return the ticket's id in hex."""
        ticket = hashlib.blake2b(code.encode(), digest_size=16).digest()
        hashed = KEYS.lookup(CENTRE.events[1], kind, code)
        self.commit(
            Issue(
                request_id=f"issue-{ticket.hex()[:20]}",
                ticket=ticket,
                event=1,
                product=product,
                home=2,
                segments=(2,),
                people=people,
                credentials=(Credential(kind, hashed),),
                holder="王小明",
            )
        )
        return ticket.hex()

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | Sequence[bytes] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Send one request, in several pieces if the body is given so."""
        pieces = [body] if isinstance(body, bytes) else list(body)
        incoming: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": n < len(pieces) - 1}
            for n, piece in enumerate(pieces)
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        path, _, query = path.partition("?")
        await self.app(http_scope(method, path, query, headers or {}), receive, send)
        self.pieces_left = len(incoming)
        start, rest = sent[0], sent[1:]
        return Answered(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest),
        )

    def hang_up(self, path: str, begun: bytes) -> list[Message]:
        """Begin a request as a gate, hang up in the middle, and return what was answered."""
        incoming: list[Message] = [
            {"type": "http.request", "body": begun, "more_body": True},
            {"type": "http.disconnect"},
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return incoming.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        headers = {
            "authorization": f"Bearer {TOKEN_OF['north-1']}",
            "content-type": "application/json",
        }
        self.run(self.app(http_scope("POST", path, "", headers), receive, send))
        return sent

    def call(
        self,
        method: str,
        path: str,
        *,
        terminal: str = "",
        body: bytes | Sequence[bytes] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Send one request as a terminal."""
        signed = {"authorization": f"Bearer {TOKEN_OF[terminal]}"} if terminal else {}
        return self.run(self.ask(method, path, body, {**signed, **(headers or {})}))

    async def ask_json(self, path: str, body: Any, terminal: str) -> Answered:
        """Send JSON as a terminal without leaving the loop."""
        headers = {
            "authorization": f"Bearer {TOKEN_OF[terminal]}",
            "content-type": "application/json",
        }
        return await self.ask("POST", f"/api/v1/{path}", json.dumps(body).encode(), headers)

    def post(self, path: str, body: Any, *, terminal: str = "north-1", **headers: str) -> Answered:
        """Send JSON as a terminal; header names have _ for -."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call(
            "POST",
            f"/api/v1/{path}",
            terminal=terminal,
            body=raw,
            headers={"content-type": "application/json", **named},
        )

    def scan(self, code: str, request_id: str, **more: Any) -> dict[str, Any]:
        """Scan a code at the north gate and return the answer, which must be one."""
        answered = self.post("admissions", scan_of(code, request_id, **more))
        assert answered.status == 200, answered.body
        return answered.json

    def close(self) -> None:
        """Close the ledger and the loop."""
        self.run(self.ledger.close())
        self.writer.stop()
        self.runner.close()


def scan_of(code: str, request_id: str, **more: Any) -> dict[str, Any]:
    """Return the body of an admission at the north gate."""
    return {"code": code, "gate": "north", "request_id": request_id, **more}


def http_scope(method: str, path: str, query: str, headers: Mapping[str, str]) -> Scope:
    """Return an ASGI scope of one request."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
