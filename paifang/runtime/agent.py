"""The lane agent: a gate that is a machine, as a process around `sync.lane`.

It talks to the host of its venue over HTTP(S) with its terminal's token, keeps what it must not
forget in a file of its own, and drives a scripted lane: scans come in as lines, verdicts go out as
lines of JSON. Killed at any moment, it goes on from its file.
"""

import http.client
import json
import queue
import secrets
import ssl
import threading
import time
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

import msgspec

from paifang.runtime.faults import CommandError
from paifang.runtime.words import _
from paifang.sync.lane import Lane, Policy, StoreFault, Verdict
from paifang.sync.lane_messages import LaneDown, LaneUp
from paifang.sync.lane_store import SqliteLaneStore

PATH: Final = "/api/v1/lane"
CONNECT_S: Final = 5.0
AGAIN_S: Final = 0.25
"""How long to wait before a host that did not answer is asked again; nothing else tells when."""
IDLE_S: Final = 5.0
ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024

_pack = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(LaneDown).decode


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent is told in its file (TOML).

    `host` is the venue's address, `token` the terminal's, `gate` where it stands, `store` its file;
    `certificates` a file of those the host's is checked by (else the system's). After `patience_s`
    without an answer whoever stands there is refused.
    """

    host: str
    token: str
    gate: str
    store: str
    terminal: str = "lane"
    certificates: str = ""
    patience_s: float = 8.0


def read_config(path: Path) -> Config:
    """Return an agent's configuration. Raises CommandError."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        config = msgspec.convert(told, Config)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.MsgspecError) as error:
        raise CommandError(
            _("The agent's file cannot be read: {error}").format(error=error)
        ) from None
    if urlsplit(config.host).scheme not in ("http", "https"):
        raise CommandError(_("The host's address begins with https:// or http://."))
    return config


class HostLine:
    """The way to the host: one connection that is kept. Whatever fails is no answer."""

    def __init__(self, config: Config) -> None:
        """Take where the host is, and the token."""
        self._parts = urlsplit(config.host)
        self._token = config.token
        self._trust = config.certificates
        self._connection: http.client.HTTPConnection | None = None

    def tell(self, up: LaneUp) -> LaneDown | None:
        """Return what the host answers, None if it does not."""
        try:
            connection = self._connection or self._connected()
            connection.request(
                "POST",
                PATH,
                _pack(up),
                {
                    "content-type": "application/octet-stream",
                    "authorization": f"Bearer {self._token}",
                },
            )
            answer = connection.getresponse()
            body = answer.read(ANSWER_BYTES_MAX)
            if answer.status == http.client.OK:
                return _read(body)
        except (OSError, http.client.HTTPException, msgspec.MsgspecError):
            pass
        self.close()
        return None

    def _connected(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            self._connection = http.client.HTTPConnection(host, port, timeout=CONNECT_S)
        else:
            context = ssl.create_default_context(cafile=self._trust or None)
            self._connection = http.client.HTTPSConnection(
                host, port, timeout=CONNECT_S, context=context
            )
        return self._connection

    def close(self) -> None:
        """Drop the connection; the next message makes a new one."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None


@dataclass(slots=True)
class Scan:
    """A line of the script: a code, which way, for how many, and whether they pass."""

    code: str
    direction: str = "entry"
    count: int = 1
    passes: bool = True


def scan_of(line: str) -> Scan | None:
    """Return what a line says: CODE [entry|exit] [COUNT] [nobody]; None for an empty one."""
    words = line.split()
    if not words:
        return None
    scan = Scan(words[0])
    for word in words[1:]:
        if word in ("entry", "exit"):
            scan.direction = word
        elif word == "nobody":
            scan.passes = False
        elif word.isdigit():
            scan.count = int(word)
    return scan


class Agent:
    """One lane: scans in, verdicts out."""

    def __init__(
        self,
        config: Config,
        show: Callable[[dict[str, Any]], None],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Open the store. Raises CommandError."""
        self._config = config
        self._show = show
        self._now_ms = now_ms
        self._line = HostLine(config)
        self._waiting: dict[str, tuple[Scan, float]] = {}
        try:
            self._store = SqliteLaneStore(Path(config.store))
            self.lane = Lane(config.terminal, self._store, Policy(), lambda: secrets.token_hex(10))
        except StoreFault as fault:
            raise CommandError(
                _("The agent's store cannot be opened: {error}").format(error=fault)
            ) from None

    def run(self, script: IO[str]) -> None:
        """Serve until the script ends and nothing is asked any more."""
        lines: queue.Queue[str | None] = queue.Queue()

        def read() -> None:
            for line in script:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, name="scans", daemon=True).start()
        ended = False
        while not ended or self._waiting or self.lane.asks:
            pause = AGAIN_S if self.lane.asks or ended else IDLE_S
            try:
                line = lines.get(timeout=pause) if not ended else None
            except queue.Empty:
                line = ""
            if ended:
                time.sleep(AGAIN_S)
            elif line is None:
                ended = True
            else:
                self.take(line)
            self.turn()

    def take(self, line: str) -> None:
        """Take in a line of the script."""
        scan = scan_of(line)
        if scan is None:
            return
        try:
            request_id = self.lane.scan(
                self._config.gate, scan.code, self._now_ms(), scan.direction, scan.count
            )
        except StoreFault:
            self._show({"code": scan.code, "opens": False, "reason": "not_ready"})
            return
        deadline = time.monotonic() + self._config.patience_s
        self._waiting.setdefault(request_id, (scan, deadline))

    def turn(self) -> None:
        """Tell the host, hear it, and decide alone about whoever has waited for too long."""
        down = self._line.tell(self.lane.up())
        if down is not None:
            for verdict in self.lane.hear(down, self._now_ms()):
                self._decided(verdict)
        now = time.monotonic()
        for request_id, (_scan, deadline) in list(self._waiting.items()):
            if now >= deadline:
                with suppress(StoreFault):
                    alone = self.lane.give_up(request_id, self._now_ms())
                    if alone is not None:
                        self._decided(alone)

    def _decided(self, verdict: Verdict) -> None:
        """Open or keep closed, say so, and remember whether somebody passed."""
        scan, _deadline = self._waiting.pop(verdict.request_id, (None, 0.0))
        with suppress(StoreFault):
            if scan is None or not scan.passes:
                self.lane.not_passed(verdict.request_id, annul=scan is not None)
            if scan is not None:
                self._show(
                    {
                        "code": scan.code,
                        "request_id": verdict.request_id,
                        "opens": verdict.opens,
                        "reason": verdict.reason,
                        "basis": verdict.basis,
                    }
                )
                self.lane.passed(verdict.request_id)

    def close(self) -> None:
        """Let go of line and store."""
        self._line.close()
        self._store.close()


def show_line(out: IO[str]) -> Callable[[dict[str, Any]], None]:
    """Return what prints a verdict as a line of JSON at once."""

    def show(told: dict[str, Any]) -> None:
        out.write(json.dumps(told, ensure_ascii=False) + "\n")
        out.flush()

    return show
