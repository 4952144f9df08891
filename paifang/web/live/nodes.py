"""Endpoints for venue hosts: the exchange of sealed documents, and the snapshot of a lease."""

import hashlib
from functools import partial
from typing import BinaryIO, Final

from paifang.core import limits
from paifang.services.live.problems import Problem
from paifang.services.live.signed_requests import HEADER
from paifang.services.live.sync_centre import Part
from paifang.web.live.http import OCTETS, Call, Header, Reply, problem_reply, read_octets
from paifang.web.live.ports import SyncPort
from paifang.web.live.state import Live

SYNC: Final = "/api/v1/sync"
LEASES: Final = "/api/v1/sync/leases/"
SNAPSHOT: Final = LEASES + "{lease}/snapshot"
SIGNED: Final = "Paifang-Node"
DIGEST: Final = "Paifang-Digest"
NOW: Final = b"paifang-now"
PIECE_BYTES: Final = 256 * 1024
_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-type", OCTETS),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


async def sync(live: Live, call: Call) -> Reply:
    """Take in what a venue host tells, and answer it."""
    digest = _header(call, DIGEST.lower())
    if not digest:
        raise Problem("document_forged")
    port = _port(live, call)
    try:
        node = port.require(_header(call, HEADER), SYNC, digest)
    except Problem as problem:
        return _told_the_time(live, call, problem)
    body = await read_octets(call, limits.SYNC_BODY_BYTES_MAX)
    if hashlib.sha256(body).hexdigest() != digest:
        raise Problem("document_forged")
    return Reply(200, _HEADERS, await port.answer(node, body))


async def snapshot(live: Live, call: Call) -> Reply | None:
    """Send the tickets of a lease to its lessee, from any byte on."""
    port = _port(live, call)
    range_ = _header(call, "range")
    try:
        node = port.require(_header(call, HEADER), call.scope["path"], range_)
    except Problem as problem:
        return _told_the_time(live, call, problem)
    lease = call.scope["path"][len(LEASES) :].partition("/")[0]
    part = await port.part(node, lease, range_)
    file = await live.ports.run_blocking(lambda: _opened(part))
    try:
        await _send(live, call, part, file)
    except OSError:
        pass  # the host hung up; it goes on from where it is
    finally:
        file.close()
    return None


def _port(live: Live, call: Call) -> SyncPort:
    """Return the centre's side. Raises Problem where nobody signed, and where there is none."""
    if not _header(call, HEADER):
        raise Problem("node_unknown")
    if live.ports.sync is None:
        raise Problem("not_a_centre")
    return live.ports.sync


def _header(call: Call, name: str) -> str:
    return call.headers.get(name.encode(), b"").decode("latin-1")


def _told_the_time(live: Live, call: Call, problem: Problem) -> Reply:
    """Refuse, and tell a host whose clock is off what time it is here. Raises other problems."""
    if problem.code != "request_stale":
        raise problem
    live.counters.problems[problem.code] += 1
    return problem_reply(problem, call, (NOW, b"%d" % live.now_ms()))


def _opened(part: Part) -> BinaryIO:
    file = part.path.open("rb")
    file.seek(part.start)
    return file


async def _send(live: Live, call: Call, part: Part, file: BinaryIO) -> None:
    headers = [
        *_HEADERS,
        (b"accept-ranges", b"bytes"),
        (b"content-length", b"%d" % part.size),
    ]
    is_part = part.size < part.whole
    if is_part:
        last = part.start + part.size - 1
        headers.append((b"content-range", b"bytes %d-%d/%d" % (part.start, last, part.whole)))
    status = 206 if is_part else 200
    await call.send({"type": "http.response.start", "status": status, "headers": headers})
    left = part.size
    while left:
        piece = await live.ports.run_blocking(partial(file.read, min(left, PIECE_BYTES)))
        if not piece:
            raise OSError("the file ended early")
        left -= len(piece)
        await call.send({"type": "http.response.body", "body": piece, "more_body": left > 0})
    if not part.size:
        await call.send({"type": "http.response.body", "body": b""})
