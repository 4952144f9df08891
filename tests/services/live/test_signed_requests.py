"""A node is known by a header it signed: for one request, now, and once."""

import pytest

from paifang.core import limits
from paifang.core.rules import NodeRules, Peer, Rules
from paifang.services.live.keys import Keys, Secrets
from paifang.services.live.problems import Problem
from paifang.services.live.signed_requests import SignedRequests, signed_header

NOW_MS = 1_800_000_000_000
KEYS = Keys(Secrets("11" * 32, "22" * 32, "0190a000-0000-4000-8000-0000000000aa"))
OTHER = Keys(Secrets("11" * 32, "33" * 32, KEYS.node))
PEER = Peer(KEYS.node, "hall", KEYS.public_key, KEYS.exchange_key)
RULES = Rules(node=NodeRules(peers={KEYS.node: PEER}))


def refused(header: str, path: str = "/p", about: str = "", now_ms: int = NOW_MS) -> str:
    """Return why a header is refused."""
    with pytest.raises(Problem) as problem:
        SignedRequests().require(RULES, header, path, about, now_ms=now_ms)
    return problem.value.code


def test_who_signed_is_known_once() -> None:
    requests = SignedRequests()
    header = signed_header(KEYS, "/p", "bytes=3-", NOW_MS)
    found = requests.require(RULES, header, "/p", "bytes=3-", now_ms=NOW_MS)
    assert found is PEER
    with pytest.raises(Problem) as again:
        requests.require(RULES, header, "/p", "bytes=3-", now_ms=NOW_MS)
    assert again.value.code == "request_stale"
    fresh = signed_header(KEYS, "/p", "bytes=3-", NOW_MS)
    assert requests.require(RULES, fresh, "/p", "bytes=3-", now_ms=NOW_MS) is PEER


def test_what_was_seen_is_forgotten_when_it_is_too_old_to_be_repeated() -> None:
    requests = SignedRequests()
    requests.require(RULES, signed_header(KEYS, "/p", "", NOW_MS), "/p", "", now_ms=NOW_MS)
    later_ms = NOW_MS + 3 * limits.SYNC_CLOCK_MS_MAX
    header = signed_header(KEYS, "/p", "", later_ms)
    requests.require(RULES, header, "/p", "", now_ms=later_ms)
    assert requests.remembered == 1


@pytest.mark.parametrize(
    ("path", "about", "off_ms", "code"),
    [
        ("/q", "", 0, "document_forged"),
        ("/p", "bytes=0-", 0, "document_forged"),
        ("/p", "", limits.SYNC_CLOCK_MS_MAX + 1, "request_stale"),
        ("/p", "", -limits.SYNC_CLOCK_MS_MAX - 1, "request_stale"),
    ],
)
def test_a_header_is_for_one_request_now(path: str, about: str, off_ms: int, code: str) -> None:
    header = signed_header(KEYS, path, about, NOW_MS + off_ms)
    assert refused(header) == code


def test_another_key_is_nobody() -> None:
    assert refused(signed_header(OTHER, "/p", "", NOW_MS)) == "document_forged"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "node_unknown"),
        ("a b", "document_forged"),
        ("x" * 600, "document_forged"),
        (f"{KEYS.node} now 00 00", "document_forged"),
        (f"{KEYS.node} 1 00 zz", "document_forged"),
        ("nobody 1 00 00", "node_unknown"),
        (f"{KEYS.node} {'9' * 16} 00 00", "document_forged"),
    ],
)
def test_what_is_no_header_is_refused(header: str, code: str) -> None:
    assert refused(header) == code
