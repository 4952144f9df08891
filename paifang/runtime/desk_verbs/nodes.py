"""Venue hosts, from the command line of their centre."""

from pathlib import Path
from typing import Any

import msgspec

from paifang.runtime.faults import CommandError
from paifang.runtime.greeting import fingerprints_of
from paifang.runtime.words import _
from paifang.services.desk import nodes
from paifang.services.desk.context import context
from paifang.services.desk.permissions import COMMAND_LINE
from paifang.services.live.bodies_sync import JoinBody
from paifang.services.live.files import write_file
from paifang.services.live.problems import Problem

REQUEST_BYTES_MAX = 64 * 1024


def _words(fault: nodes.NodeError) -> CommandError:
    words = {
        "name_missing": _("“{name}” is no name for a venue host."),
        "name_taken": _("There is a venue host “{name}” already."),
        "node_unknown": _("There is no venue host “{name}”."),
        "too_many": _("There are as many venue hosts as one centre may have."),
    }
    return CommandError(words[fault.code].format(name=fault.subject))


def problem_words(problem: Problem) -> CommandError:
    """Return what a problem is on the command line."""
    return CommandError(f"{_(problem.kind.title)}. {_(problem.kind.detail)}")


def code(name: str, public_url: str) -> dict[str, str | int]:
    """Return a fresh code for a venue host, and what to type there. Raises CommandError."""
    try:
        made = nodes.new_code(name, by=COMMAND_LINE)
    except nodes.NodeError as fault:
        raise _words(fault) from None
    reach = context().reach
    url = public_url or reach.origin or reach.origin_by_address
    url = url or f"http://127.0.0.1:{reach.plain_port}"
    fingerprint = ""
    if reach.ca is not None and url != public_url:
        try:
            fingerprint = fingerprints_of(reach.ca).sha256.replace(":", "").lower()
        except (OSError, ValueError):
            fingerprint = ""
    return {
        "name": name,
        "code": made.code,
        "until_ms": made.until_ms,
        "url": url,
        "fingerprint": fingerprint,
    }


def accept(request: Path, name: str, answer: Path) -> None:
    """Take in a request that was carried here, and write the answer. Raises CommandError."""
    try:
        with request.open("rb") as file:
            body = msgspec.json.decode(file.read(REQUEST_BYTES_MAX), type=JoinBody)
    except OSError as error:
        raise CommandError(
            _("{path} cannot be read: {error}").format(path=request, error=error.strerror or error)
        ) from None
    except msgspec.MsgspecError:
        raise CommandError(_("{path} is no request to join.").format(path=request)) from None
    try:
        told = nodes.accept(body, name, by=COMMAND_LINE)
    except nodes.NodeError as fault:
        raise _words(fault) from None
    except Problem as problem:
        raise problem_words(problem) from None
    write_file(answer, msgspec.json.encode(told))


def revoke(name: str, why: str) -> None:
    """Withdraw a venue host. Raises CommandError."""
    try:
        nodes.revoke(name, by=COMMAND_LINE, why=why)
    except nodes.NodeError as fault:
        raise _words(fault) from None


def settle(name: str, why: str) -> None:
    """Say that two machines speaking as one host were seen to. Raises CommandError."""
    try:
        nodes.settle(name, by=COMMAND_LINE, why=why)
    except nodes.NodeError as fault:
        raise _words(fault) from None


def listed() -> list[dict[str, Any]]:
    """Return all venue hosts with what they last told."""
    found = []
    for node in nodes.listed(by=COMMAND_LINE):
        state = node.state
        found.append(
            {
                "name": node.peer.name,
                "node": node.peer.node,
                "revoked": node.peer.revoked,
                "doubled": node.doubled,
                "heard_ms": state.heard_ms if state else 0,
                "backlog": state.backlog if state else 0,
                "oldest_ms": state.oldest_ms if state else 0,
                "clock_ms": state.clock_ms if state else 0,
                "version": state.version if state else "",
                "boot": state.boot if state else 0,
                "asked": state.asked if state else "",
            }
        )
    return found
