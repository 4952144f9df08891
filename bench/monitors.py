"""How long after a decision every one of many monitors has heard of it, over the event stream."""

import asyncio
import json
import time
from typing import Final

from bench.report import percentile
from bench.servers import Server
from bench.stage import Stage
from bench.wire import CODE_CHARS

PAUSE_S: Final = 0.05
HEARD_S: Final = 10
HELLO_S: Final = 15
_HOST: Final = "127.0.0.1"


def all_monitors_ms(stage: Stage, server: Server, numbers: list[int], monitors: int) -> float:
    """Admit tickets by number; return in how many ms 19 of 20 were known to all monitors.

    Raises:
        TimeoutError: A monitor was not told.
    """
    with stage.codes.open() as file:
        codes = []
        for number in numbers:
            file.seek(number * CODE_CHARS)
            codes.append(file.read(CODE_CHARS))
    tokens = {t["role"]: t for t in stage.told["terminals"]}
    heard = asyncio.run(_measure(server.port, tokens["gate"], tokens["monitor"], codes, monitors))
    return percentile(sorted(heard), 95) * 1000


class _Heard:
    """When each of the monitors heard of one admission."""

    def __init__(self, monitors: int) -> None:
        self.missing = monitors
        self.last_s = 0.0
        self.all = asyncio.Event()

    def take(self) -> None:
        self.last_s = time.perf_counter()
        self.missing -= 1
        if not self.missing:
            self.all.set()


async def _measure(
    port: int, gate: dict[str, str], monitor: dict[str, str], codes: list[str], monitors: int
) -> list[float]:
    hearings: dict[str, _Heard] = {}
    ready = asyncio.Semaphore(0)
    listening = [
        asyncio.create_task(_listen(port, monitor["token"], hearings, ready))
        for _ in range(monitors)
    ]
    try:
        async with asyncio.timeout(HELLO_S):
            for _ in range(monitors):
                await ready.acquire()
        reader, writer = await asyncio.open_connection(_HOST, port)
        times = []
        for place, code in enumerate(codes):
            name = f"monitors-{time.time_ns():x}-{place}"
            hearings[name] = heard = _Heard(monitors)
            sent = time.perf_counter()
            writer.write(_admission(gate, code, name))
            await _answer(reader)
            async with asyncio.timeout(HEARD_S):
                await heard.all.wait()
            times.append(heard.last_s - sent)
            await asyncio.sleep(PAUSE_S)
        writer.close()
        return times
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


async def _listen(
    port: int, token: str, hearings: dict[str, _Heard], ready: asyncio.Semaphore
) -> None:
    reader, writer = await asyncio.open_connection(_HOST, port)
    head = f"GET /api/v1/stream HTTP/1.1\r\nHost: {_HOST}\r\nAuthorization: Bearer {token}\r\n\r\n"
    try:
        writer.write(head.encode())
        while line := await reader.readline():
            if line.startswith(b"event: hello"):
                ready.release()
            if line.startswith(b"data: ") and b'"request_id"' in line:
                heard = hearings.get(json.loads(line[6:])["request_id"])
                if heard is not None:
                    heard.take()
    finally:
        writer.close()


def _admission(gate: dict[str, str], code: str, request_id: str) -> bytes:
    body = json.dumps({"code": code, "gate": gate["gate"], "request_id": request_id}).encode()
    head = (
        f"POST /api/v1/admissions HTTP/1.1\r\nHost: {_HOST}\r\n"
        f"Authorization: Bearer {gate['token']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> None:
    """Read one answer. Raises RuntimeError if it is no admission."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = json.loads(await reader.readexactly(length))
    if body.get("decision") != "admit":
        raise RuntimeError(f"not admitted: {body.get('reason') or body.get('code')}")
