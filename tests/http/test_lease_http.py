"""A lease between real processes: joined, fetched, cut off, healed; nothing forged is heeded."""

import hashlib
import secrets
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from paifang.runtime.data_directory import DataDirectory
from paifang.services.live.bodies_sync import JoinBody
from paifang.services.live.keys import Keys, Secrets
from paifang.services.live.signed_requests import HEADER, signed_header
from paifang.services.live.sync_host import DIGEST, PATH
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.messages import Down, Up
from tests.http.evidence import paifang, read_ledger, require_verified
from tests.http.venues import Venues, venues, wait_for

pytestmark = [pytest.mark.http, pytest.mark.timeout(900)]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def leased(database: str) -> Iterator[Venues]:
    """Yield a host that took the fair on a lease, and decides; the centre is on either engine.

    Its snapshot broke off twice on the way.
    """
    with venues(database) as made:
        made.start()
        made.line.budgets = [1_500, 2_000]
        made.join()
        made.lease()
        made.wait_open()
        yield made


def test_the_days_of_a_lease(leased: Venues) -> None:
    went_on_where_it_stood(leased)
    the_host_decides_and_the_centre_says_who_does(leased)
    a_cut_does_not_stop_the_gates_and_heals(leased)
    a_host_that_is_killed_goes_on(leased)
    what_is_given_back_is_decided_at_the_centre(leased)
    require_verified(leased.centre.data, leased.database)
    require_verified(leased.host.data)


def went_on_where_it_stood(leased: Venues) -> None:
    """Check that a snapshot that broke off twice was not begun anew."""
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in leased.line.asked_ranges]
    assert len(starts) == 3
    assert 0 == starts[0] < starts[1] < starts[2]


def the_host_decides_and_the_centre_says_who_does(leased: Venues) -> None:
    first, second = leased.codes[:2]
    told = leased.admit(leased.host, first, "h1")
    assert (told["decision"], told["basis"]) == ("admit", "lease")
    assert leased.admit(leased.host, first, "h2")["reason"] == "already_used"
    assert leased.admit(leased.centre, second, "c1")["reason"] == "held_elsewhere"


def a_cut_does_not_stop_the_gates_and_heals(leased: Venues) -> None:
    """Kill the centre, let people in, start it again: everything gets there by itself."""
    leased.wait_told()
    leased.centre.kill()
    admitted = [leased.admit(leased.host, code, f"cut-{code}") for code in leased.codes[2:12]]
    assert {told["decision"] for told in admitted} == {"admit"}
    assert wait_for(lambda: not leased.line_state()["up"])
    status = leased.at_host("lease", "status")
    assert status["line"]["error"] in {"unreachable", "timeout"}
    assert [lease["state"] for lease in status["leases"]] == ["ready"]
    leased.centre.start()
    leased.wait_told()
    theirs = read_ledger(leased.database or leased.centre.data / "ledger.db")
    for told in admitted:
        recorded = theirs.decisions[told["request_id"]].row
        position = (told["node"], told["epoch"], told["seq"])
        assert (recorded.node, recorded.epoch, recorded.seq) == position


def a_host_that_is_killed_goes_on(leased: Venues) -> None:
    """Kill the host: it answers as before, and nobody takes it for a second machine."""
    code = leased.codes[12]
    assert leased.admit(leased.host, code, "kill-1")["decision"] == "admit"
    leased.host.kill()
    leased.host.start()
    assert leased.admit(leased.host, code, "kill-1")["decision"] == "admit"
    assert leased.admit(leased.host, code, "kill-2")["reason"] == "already_used"
    leased.wait_told()
    # What it waits to tell is told a round later than the last of it.
    assert wait_for(lambda: _host(leased)["backlog"] == 0)
    assert (_host(leased)["doubled"], _host(leased)["boot"]) == (False, 2)


def _host(leased: Venues) -> dict[str, Any]:
    """Return the host as the centre lists it."""
    nodes = leased.at_centre("node", "list")["nodes"]
    found: dict[str, Any] = next(node for node in nodes if node["name"] == "hall-3")
    return found


def what_is_given_back_is_decided_at_the_centre(leased: Venues) -> None:
    leased.at_host("lease", "return")
    used, fresh = leased.codes[2], leased.codes[20]
    assert leased.admit(leased.host, fresh, "after-1")["reason"] == "held_elsewhere"
    leased.wait_told()
    wait_for(lambda: leased.at_centre("lease", "status")["leases"][0]["state"] == "returned")
    assert leased.admit(leased.centre, used, "after-2")["reason"] == "already_used"
    assert leased.admit(leased.centre, fresh, "after-3")["decision"] == "admit"


# What comes from somebody else.


def keys_of(leased: Venues) -> Keys:
    return DataDirectory(leased.host.data).keys()


def up_of(keys: Keys, **more: Any) -> Up:
    return Up(**{"node": keys.node, "boot": 2, "nonce": b"n" * 16, **more})


def tell(leased: Venues, body: bytes, keys: Keys, **headers: str) -> httpx.Response:
    digest = hashlib.sha256(body).hexdigest()
    sent = {
        HEADER: signed_header(keys, PATH, digest, now_ms()),
        DIGEST: digest,
        "content-type": "application/octet-stream",
        **headers,
    }
    return httpx.post(f"{leased.centre.url}{PATH}", content=body, headers=sent, timeout=60)


def refusal(answered: httpx.Response) -> tuple[int, str]:
    assert answered.headers["content-type"] == "application/problem+json", answered.text
    return answered.status_code, answered.json()["code"]


def test_nothing_forged_cut_off_or_told_again_is_heeded(leased: Venues) -> None:
    keys = joined(leased, "forger")
    good = seal(up_of(keys), keys.node, keys.sign)
    other = Keys(Secrets("11" * 32, "22" * 32, keys.node))
    assert refusal(tell(leased, seal(up_of(other), keys.node, other.sign), other)) == (
        403,
        "document_forged",
    )
    assert refusal(tell(leased, seal(up_of(keys), keys.node, other.sign), keys)) == (
        403,
        "document_forged",
    )
    altered = good[:-80] + bytes((good[-80] ^ 1,)) + good[-79:]
    assert refusal(tell(leased, altered, keys)) == (403, "document_forged")
    assert refusal(tell(leased, good[:-1], keys)) == (422, "document_unreadable")
    assert refusal(tell(leased, b"", keys)) == (422, "document_unreadable")
    assert refusal(tell(leased, b"x" * (9 * 1024 * 1024), keys)) == (413, "too_large")
    newer = seal(up_of(keys, protocol=9), keys.node, keys.sign)
    assert refusal(tell(leased, newer, keys)) == (409, "document_too_new")
    stranger = Keys(Secrets("11" * 32, "22" * 32, str(uuid.uuid4())))
    told = tell(leased, seal(up_of(stranger), stranger.node, stranger.sign), stranger)
    assert refusal(told) == (403, "node_unknown")
    assert refusal(tell(leased, good, keys, **{DIGEST: "0" * 64})) == (403, "document_forged")
    digest = hashlib.sha256(good).hexdigest()
    late = signed_header(keys, PATH, digest, now_ms() - 3_600_000)
    answered = tell(leased, good, keys, **{HEADER: late})
    assert refusal(answered) == (403, "request_stale")
    assert abs(int(answered.headers["paifang-now"]) - now_ms()) < 60_000
    once = signed_header(keys, PATH, digest, now_ms())
    in_json = tell(leased, good, keys, **{HEADER: once, "content-type": "application/json"})
    assert refusal(in_json) == (415, "not_octets")
    assert refusal(tell(leased, good, keys, **{HEADER: once})) == (403, "request_stale")


def test_a_snapshot_is_for_its_lessee_alone(leased: Venues) -> None:
    keys = keys_of(leased)
    lease = leased.at_host("lease", "status")["leases"][0]["lease"]
    path = f"{PATH}/leases/{lease}/snapshot"
    url = f"{leased.centre.url}{path}"
    assert refusal(httpx.get(url)) == (403, "node_unknown")
    other = joined(leased, "curious")
    header = signed_header(other, path, "", now_ms())
    assert refusal(httpx.get(url, headers={HEADER: header})) == (404, "not_found")
    elsewhere = f"{PATH}/leases/{'0' * 32}/snapshot"
    header = signed_header(keys, elsewhere, "", now_ms())
    nothing = httpx.get(f"{leased.centre.url}{elsewhere}", headers={HEADER: header})
    assert refusal(nothing) == (404, "not_found")
    assert httpx.post(url).status_code == 405


def joined(leased: Venues, name: str) -> Keys:
    """Let a node that is nothing but its keys join, and return them."""
    keys = Keys(Secrets(secrets.token_hex(32), secrets.token_hex(32), str(uuid.uuid4())))
    code = leased.at_centre("node", "code", name)["code"]
    body = JoinBody(
        code=code,
        node=keys.node,
        public_key=keys.public_key,
        exchange_key=keys.exchange_key,
        signature="0" * 128,
    )
    body = msgspec.structs.replace(body, signature=keys.sign(body.signed()).hex())
    answered = httpx.post(
        f"{leased.centre.url}/api/v1/sync/join",
        content=msgspec.json.encode(body),
        headers={"content-type": "application/json"},
        timeout=60,
    )
    assert answered.status_code == 200, answered.text
    return keys


def told_as(leased: Venues, keys: Keys, boot: int, nonce: bytes, last: bytes = b"") -> None:
    """Tell as a node, and check that it is answered."""
    up = up_of(keys, boot=boot, nonce=nonce, last=last)
    answered = tell(leased, seal(up, keys.node, keys.sign), keys)
    assert answered.status_code == 200, answered.text
    down = unseal(take_apart(answered.content), lambda _message, _signature: True, Down)
    assert down.reply_to == nonce


def test_two_machines_that_speak_as_one_are_noticed_and_reported(leased: Venues) -> None:
    keys = joined(leased, "copied")

    def is_doubled() -> bool:
        nodes = leased.at_centre("node", "list")["nodes"]
        return bool(next(node for node in nodes if node["name"] == "copied")["doubled"])

    told_as(leased, keys, 1, b"one")
    told_as(leased, keys, 1, b"two", b"one")
    # Its answer was lost: the next one names the message before it.
    told_as(leased, keys, 1, b"three", b"one")
    told_as(leased, keys, 2, b"four")
    assert not is_doubled()
    told_as(leased, keys, 2, b"five", b"of the copy")
    assert is_doubled()
    assert "two machines speak as copied" in leased.centre.log
    settle = ("node", "settle", "copied", "--data", leased.centre.data)
    assert paifang(*settle, database=leased.database).returncode == 0
    assert not is_doubled()
    told_as(leased, keys, 1, b"six", b"five")
    assert is_doubled()


def test_a_withdrawn_host_is_refused(leased: Venues) -> None:
    keys = joined(leased, "stolen")
    told_as(leased, keys, 1, b"one")
    revoke = ("node", "revoke", "stolen", "--reason", "stolen", "--data", leased.centre.data)
    assert paifang(*revoke, database=leased.database).returncode == 0
    good = seal(up_of(keys, boot=1, nonce=b"two", last=b"one"), keys.node, keys.sign)
    assert refusal(tell(leased, good, keys)) == (403, "node_revoked")
