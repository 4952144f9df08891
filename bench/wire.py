"""What the load generator sends and what it makes of the answers: HTTP/1.1, by hand."""

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

CODE_CHARS: Final = 16
_UUID_CHARS: Final = 36
_LENGTH: Final = b"content-length:"
_CHUNKED: Final = b"transfer-encoding: chunked"
_HEAD_BYTES: Final = 4_096


class Scans(msgspec.Struct, frozen=True, tag="scans"):
    """Every request shows a fresh code: `count` of a file of codes, every `step`th from `first` on.

    `run` sets the request ids apart from those of every other run; `random` makes them UUIDs, as
    terminals mint them, which nobody can compress.
    """

    path: str
    token: str
    gate: str
    codes: str
    first: int
    count: int
    run: str
    step: int = 1
    random: bool = False


class Pages(msgspec.Struct, frozen=True, tag="pages"):
    """The same pages in turn, as somebody who is signed in."""

    paths: tuple[str, ...]
    cookie: str = ""


def requests_of(plan: Scans | Pages) -> Iterator[bytes]:
    """Yield the requests of a plan, one after the other."""
    return _scans(plan) if isinstance(plan, Scans) else _pages(plan)


def _scans(plan: Scans) -> Iterator[bytes]:
    with Path(plan.codes).open("rb") as file:
        file.seek(plan.first * CODE_CHARS)
        text = file.read(plan.count * plan.step * CODE_CHARS)
    request, chars = ("%b", _UUID_CHARS) if plan.random else (f"{plan.run}:%08d", 0)
    body = f'{{"code":"%b","gate":"{plan.gate}","request_id":"{request}"}}'
    length = len(body) - len("%b") + CODE_CHARS + (chars - len("%b") if chars else 8 - len("%08d"))
    form = (
        f"POST {plan.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {plan.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    ).encode()
    for place in range(0, len(text), plan.step * CODE_CHARS):
        number = plan.first + place // CODE_CHARS
        request_id = str(uuid4()).encode() if plan.random else number
        yield form % (text[place : place + CODE_CHARS], request_id)


def _pages(plan: Pages) -> Iterator[bytes]:
    cookie = f"Cookie: {plan.cookie}\r\n" if plan.cookie else ""
    return cycle(
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n{cookie}\r\n".encode()
        for path in plan.paths
    )


def is_complete(answer: bytes) -> bool:
    """Whether a whole answer has arrived."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = answer[:end].lower() if end < _HEAD_BYTES else answer[:_HEAD_BYTES].lower()
    place = head.find(_LENGTH)
    if place >= 0:
        stop = head.find(b"\r", place)
        length = int(head[place + len(_LENGTH) : stop if stop > 0 else None])
        return len(answer) >= end + 4 + length
    if _CHUNKED in head:
        return answer.endswith(b"0\r\n\r\n")
    return True


def is_admitted(answer: bytes) -> bool:
    """Whether a scan was answered as it should be."""
    return answer.startswith(b"HTTP/1.1 200 ") and b'"decision":"admit"' in answer


def is_page(answer: bytes) -> bool:
    """Whether a page came."""
    return answer.startswith(b"HTTP/1.1 200 ")


def judge_of(plan: Scans | Pages) -> Callable[[bytes], bool]:
    """Return what says whether an answer is a good one."""
    return is_admitted if isinstance(plan, Scans) else is_page
