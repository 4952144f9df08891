"""Venue hosts that joined this centre: codes for joining, joining itself, and withdrawing.

A code is good for ten minutes and once, and only its keyed hash is kept. The machine makes its own
keys and proves that it holds the one that signs; from then on it is known by it. Which nodes may
talk is part of the node's layer of the rules, so a withdrawn one is refused from the next batch on.
"""

from typing import Final, NamedTuple

from django.db import transaction
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from paifang.core import limits
from paifang.ledger.rows import PeerState
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.one_time_codes import Tries, forget_old_tries, spelled, time_ms, typed
from paifang.services.desk.permissions import Act, Actor
from paifang.services.live.bodies_sync import JoinBody, JoinedAnswer
from paifang.services.live.problems import Problem
from paifang.store.models import JoinCode, Organiser, Peer

_KEPT_MS: Final = 24 * 60 * 60 * 1000


class NodeError(Exception):
    """A node could not be changed as asked.

    `code` is name_missing, name_taken, node_unknown or too_many.
    """

    def __init__(self, code: str, subject: str = "") -> None:
        """Keep the code and what it is about."""
        super().__init__(f"{code} {subject}".strip())
        self.code = code
        self.subject = subject


class Code(NamedTuple):
    """A code in clear as it is typed, and until when it is good (UTC ms)."""

    code: str
    until_ms: int


class Node(NamedTuple):
    """A venue host, and what it last told of itself (None: nothing yet).

    `doubled` says that two machines speak as it, and nobody has said that this was seen to.
    """

    peer: Peer
    state: PeerState | None
    doubled: bool


def new_code(name: str, *, by: Actor) -> Code:
    """Make a code by which a machine becomes the venue host of this name; an older one ends.

    Raises:
        NotPermitted: `by` may not.
        NodeError: The name is empty or too long, or there are too many hosts.
    """
    by.require(Act.manage_nodes)
    name = _name(name)
    with transaction.atomic():
        if Peer.objects.count() >= limits.PEERS_MAX:
            raise NodeError("too_many")
        JoinCode.objects.filter(name=name, used_at_ms=0).delete()
        made = JoinCode(
            name=name, until_ms=time_ms() + limits.JOIN_CODE_S * 1000, created_by=by.name
        )
        keys = context().keys
        code = keys.pairing_code(made.pk.bytes)
        made.code_hash = keys.pairing_hash(code)
        made.save(force_insert=True)
        audit.record("join_code", who=by.name, subject=name, where=by.where)
    return Code(typed(code), made.until_ms)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > limits.NAME_CHARS_MAX or not name.isprintable():
        raise NodeError("name_missing", name)
    return name


def join(body: JoinBody, *, where: str = "") -> JoinedAnswer:
    """Make the machine that shows a code the venue host the code was made for.

    Args:
        body: What it sent.
        where: The address it came from.

    Returns:
        Who this centre is; the same when it is asked again with the same keys.

    Raises:
        Problem: join_code_unknown, join_code_used, join_forged, node_taken, too_many_codes.
        LedgerFault: It is kept here, but the rules could not be published yet: ask again.
    """
    _require_centre()
    tries = Tries("join", where)
    tries.require_left()
    _require_proof(body)
    try:
        with transaction.atomic():
            peer = _joined(context().keys.pairing_hash(spelled(body.code)), body, where)
    except Problem:
        tries.failed()
        raise
    publish(f"node {peer.name}")
    return answer_for(peer)


def accept(body: JoinBody, name: str, *, by: Actor) -> JoinedAnswer:
    """Make a machine a venue host whose request was carried here by hand.

    Raises:
        NotPermitted: `by` may not.
        NodeError: The name is empty, too long or another host's.
        Problem: join_forged, node_taken, not_a_centre.
        LedgerFault: It is kept here, but the rules could not be published yet: do it again.
    """
    by.require(Act.manage_nodes)
    _require_centre()
    _require_proof(body)
    name = _name(name)
    with transaction.atomic():
        if Peer.objects.filter(name=name).exclude(node=body.node).exists():
            raise NodeError("name_taken", name)
        peer = _kept(body, name)
        audit.record("node_joined", who=by.name, subject=f"{name} {body.node}", where=by.where)
    publish(by.name)
    return answer_for(peer)


def answer_for(peer: Peer) -> JoinedAnswer:
    """Return what a host is told of this centre."""
    keys = context().keys
    organiser = Organiser.objects.order_by("pk").values_list("name", flat=True).first()
    return JoinedAnswer(
        node=keys.node,
        name=context().reach.name or organiser or keys.node,
        public_key=keys.public_key,
        host=peer.name,
        now_ms=time_ms(),
    )


def _require_centre() -> None:
    if context().centre is not None:
        raise Problem("not_a_centre")


def _require_proof(body: JoinBody) -> None:
    """Refuse whoever does not hold the signing key. Raises Problem join_forged."""
    try:
        key = VerifyKey(bytes.fromhex(body.public_key))
        key.verify(body.signed(), bytes.fromhex(body.signature))
    except (BadSignatureError, ValueError):
        raise Problem("join_forged", "signature") from None


def _joined(hashed: str, body: JoinBody, where: str) -> Peer:
    """Use a code, or find that this node has used it; return the host. Raises Problem."""
    code = JoinCode.objects.select_for_update().filter(code_hash=hashed).first()
    now_ms = time_ms()
    if code is None or (not code.used_at_ms and now_ms >= code.until_ms):
        raise Problem("join_code_unknown", "code")
    if code.used_at_ms:
        if code.node != body.node:
            raise Problem("join_code_used", "code")
        known = Peer.objects.filter(node=body.node).first()
        if known is None or known.revoked or known.public_key != body.public_key:
            raise Problem("join_code_used", "code")
        return known
    peer = _kept(body, code.name)
    code.used_at_ms, code.node = now_ms, body.node
    code.save(update_fields=["used_at_ms", "node"])
    JoinCode.objects.filter(used_at_ms=0, until_ms__lt=now_ms - _KEPT_MS).delete()
    forget_old_tries()
    subject = f"{peer.name} {body.node}"
    audit.record("node_joined", who=code.created_by, subject=subject, where=where)
    return peer


def _kept(body: JoinBody, name: str) -> Peer:
    """Keep a machine as a venue host. Raises Problem node_taken."""
    peer = Peer.objects.select_for_update().filter(node=body.node).first()
    if peer is None:
        peer = Peer(node=body.node, public_key=body.public_key)
    elif peer.public_key != body.public_key or peer.exchange_key != body.exchange_key:
        raise Problem("node_taken", "node")
    # A machine set up anew takes the place of the one of its name, which is withdrawn with it.
    before = Peer.objects.filter(name=name).exclude(node=body.node).first()
    if before is not None:
        before.name, before.revoked = f"{name} ({before.node[:8]})"[-limits.NAME_CHARS_MAX :], True
        before.save(update_fields=["name", "revoked"])
    peer.name, peer.exchange_key, peer.revoked = name, body.exchange_key, False
    peer.settled_ms = time_ms()
    peer.save()
    return peer


def revoke(name: str, *, by: Actor, why: str = "") -> None:
    """Withdraw a venue host: what it sends is refused from now on.

    A lease it holds goes on until it ends or is broken: it decides while it is cut off.

    Raises:
        NotPermitted: `by` may not.
        NodeError: There is no such host.
        LedgerFault: It is withdrawn here, but the rules could not be published yet: do it again.
    """
    by.require(Act.manage_nodes)
    with transaction.atomic():
        peer = peer_of(name, for_update=True)
        peer.revoked = True
        peer.save(update_fields=["revoked"])
        JoinCode.objects.filter(name=peer.name, used_at_ms=0).delete()
        audit.record("node_revoked", who=by.name, subject=peer.name, why=why, where=by.where)
    publish(by.name)


def settle(name: str, *, by: Actor, why: str = "") -> None:
    """Say that two machines speaking as one host were seen to. Raises NotPermitted, NodeError."""
    by.require(Act.manage_nodes)
    with transaction.atomic():
        peer = peer_of(name, for_update=True)
        peer.settled_ms = time_ms()
        peer.save(update_fields=["settled_ms"])
        audit.record("node_settled", who=by.name, subject=peer.name, why=why, where=by.where)


def peer_of(name: str, *, for_update: bool = False) -> Peer:
    """Return a venue host by its name or node id. Raises NodeError."""
    peers = Peer.objects.select_for_update() if for_update else Peer.objects.all()
    found = peers.filter(name=name).first() or peers.filter(node=name).first()
    if found is None:
        raise NodeError("node_unknown", name)
    return found


def listed(*, by: Actor) -> list[Node]:
    """Return all venue hosts by name. Raises NotPermitted, LedgerFault."""
    by.require(Act.see_leases)
    states = context().ledger.peers()
    nodes = []
    for peer in Peer.objects.all():
        state = states.get(peer.node)
        doubled = state is not None and state.doubled_ms > peer.settled_ms
        nodes.append(Node(peer, state, doubled))
    return nodes
