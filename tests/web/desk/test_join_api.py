"""A machine becomes a venue host by a code and its own keys; nobody else does."""

import json
import secrets
import uuid
from typing import Any

import msgspec
import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk import nodes, one_time_codes
from paifang.services.desk.context import DeskContext
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.live.bodies_sync import JoinBody
from paifang.services.live.joined import Centre
from paifang.services.live.keys import Keys, Secrets
from paifang.store.models import AuditEntry, JoinCode, Peer
from tests.desk_makers import BOSS


def machine(node: str = "") -> Keys:
    """Return the keys of a machine that was set up just now."""
    return Keys(Secrets(secrets.token_hex(32), secrets.token_hex(32), node or str(uuid.uuid4())))


def body_of(keys: Keys, code: str, **more: str) -> JoinBody:
    """Return what a machine sends to join."""
    unsigned = JoinBody(
        code=code,
        node=keys.node,
        public_key=keys.public_key,
        exchange_key=keys.exchange_key,
        signature="0" * 128,
        **more,
    )
    return msgspec.structs.replace(unsigned, signature=keys.sign(unsigned.signed()).hex())


def post(body: Any, *, where: str = "10.0.0.7") -> tuple[int, Any]:
    """Send it, and return status and answer."""
    answered = Client().post(
        "/api/v1/sync/join",
        body if isinstance(body, bytes) else msgspec.json.encode(body),
        content_type="application/json",
        headers={"X-Forwarded-For": where},
    )
    return answered.status_code, json.loads(answered.content)


def refused(answered: tuple[int, Any]) -> tuple[int, str]:
    return answered[0], answered[1]["code"]


def test_a_machine_with_the_code_is_a_peer_in_the_rules(desk: DeskContext) -> None:
    code = nodes.new_code("hall-3", by=BOSS).code
    keys = machine()
    status, told = post(body_of(keys, code.lower()))
    assert status == 200
    assert (told["node"], told["public_key"]) == (desk.keys.node, desk.keys.public_key)
    assert told["host"] == "hall-3"
    peer = desk.ledger.rules().node.peers[keys.node]
    assert (peer.name, peer.public_key, peer.exchange_key, peer.revoked) == (
        "hall-3",
        keys.public_key,
        keys.exchange_key,
        False,
    )
    acts = set(AuditEntry.objects.values_list("what", flat=True))
    assert {"join_code", "node_joined"} <= acts
    again, same = post(body_of(keys, code))
    assert (again, {**same, "now_ms": told["now_ms"]}) == (200, told)


def test_a_code_is_one_machines_and_good_for_ten_minutes(
    desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = nodes.new_code("hall-3", by=BOSS)
    assert post(body_of(machine(), code.code))[0] == 200
    assert refused(post(body_of(machine(), code.code))) == (409, "join_code_used")
    late = nodes.new_code("hall-4", by=BOSS)
    monkeypatch.setattr(nodes, "time_ms", lambda: late.until_ms)
    assert refused(post(body_of(machine(), late.code))) == (403, "join_code_unknown")
    assert JoinCode.objects.filter(code_hash=late.code).count() == 0


def test_a_newer_code_ends_the_one_before(desk: DeskContext) -> None:
    first = nodes.new_code("hall-3", by=BOSS).code
    second = nodes.new_code("hall-3", by=BOSS).code
    assert refused(post(body_of(machine(), first))) == (403, "join_code_unknown")
    assert post(body_of(machine(), second))[0] == 200


def test_guessing_is_stopped_for_the_address(
    desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = nodes.new_code("hall-3", by=BOSS).code
    keys = machine()
    for n in range(limits.PAIRING_TRIES_MAX):
        assert refused(post(body_of(keys, f"WRONG{n:05}"))) == (403, "join_code_unknown")
    assert refused(post(body_of(keys, code))) == (429, "too_many_codes")
    assert post(body_of(keys, code), where="10.0.0.8")[0] == 200
    later_ms = one_time_codes.time_ms() + limits.PAIRING_WINDOW_S * 1000
    monkeypatch.setattr(one_time_codes, "time_ms", lambda: later_ms)
    assert refused(post(body_of(keys, "WRONG00000"))) == (403, "join_code_unknown")


def test_keys_are_proven_and_stay_those_of_the_node(desk: DeskContext) -> None:
    keys = machine()
    code = nodes.new_code("hall-3", by=BOSS).code
    stolen = msgspec.structs.replace(body_of(machine(), code), node=keys.node)
    assert refused(post(stolen)) == (403, "join_forged")
    assert post(body_of(keys, code))[0] == 200
    again = nodes.new_code("hall-3", by=BOSS).code
    assert refused(post(body_of(machine(keys.node), again))) == (409, "node_taken")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"x",
        b'{"code": "A", "node": "x", "public_key": "", "exchange_key": "", "signature": ""}',
    ],
)
def test_what_is_no_request_is_422(desk: DeskContext, body: bytes) -> None:
    assert post(body)[0] == 422


def test_a_withdrawn_host_comes_back_by_a_new_code_only(desk: DeskContext) -> None:
    keys = machine()
    code = nodes.new_code("hall-3", by=BOSS).code
    assert post(body_of(keys, code))[0] == 200
    nodes.revoke("hall-3", by=BOSS, why="stolen")
    assert desk.ledger.rules().node.peers[keys.node].revoked
    assert refused(post(body_of(keys, code))) == (409, "join_code_used")
    again = nodes.new_code("hall-3", by=BOSS).code
    assert post(body_of(keys, again))[0] == 200
    assert not desk.ledger.rules().node.peers[keys.node].revoked


def test_a_machine_set_up_anew_takes_the_name_of_the_one_before(desk: DeskContext) -> None:
    before, after = machine(), machine()
    for keys in (before, after):
        assert post(body_of(keys, nodes.new_code("hall-3", by=BOSS).code))[0] == 200
    peers = desk.ledger.rules().node.peers
    assert (peers[before.node].revoked, peers[after.node].revoked) == (True, False)
    assert Peer.objects.get(name="hall-3").node == after.node


def test_nobody_joins_a_venue_host(sqlite_desk: DeskContext) -> None:
    code = nodes.new_code("hall-3", by=BOSS).code
    sqlite_desk.joined.keep_centre(Centre(url="", node="n", name="c", public_key=""))
    assert refused(post(body_of(machine(), code))) == (409, "not_a_centre")


def test_codes_and_withdrawing_are_a_managers(sqlite_desk: DeskContext) -> None:
    steward = Actor("li", Role.steward)
    with pytest.raises(NotPermitted):
        nodes.new_code("hall-3", by=steward)
    with pytest.raises(NotPermitted):
        nodes.revoke("hall-3", by=steward)
    with pytest.raises(NotPermitted):
        nodes.listed(by=steward)
    with pytest.raises(nodes.NodeError, match="name_missing"):
        nodes.new_code("  ", by=BOSS)
    with pytest.raises(nodes.NodeError, match="node_unknown"):
        nodes.revoke("nobody", by=BOSS)
