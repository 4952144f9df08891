"""Configuration as facts: segments are opened, and versions of the rules bundle come into force."""

import hashlib
from dataclasses import replace
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from paifang.core import limits
from paifang.core.rules import CentreRules, Rules
from paifang.core.tickets import Authority
from paifang.ledger import freeze
from paifang.ledger.bundle import LAYERS, decode_layer, meta_name
from paifang.ledger.commands import OpenSegment, Publish
from paifang.ledger.facts import Answer, PublishFact, SegmentFact, payload_of
from paifang.ledger.faults import Misuse, NotPossible
from paifang.ledger.journal import first_hash
from paifang.ledger.lease_commands import AdoptRules
from paifang.ledger.rows import BundleRow, Head
from paifang.ledger.work import OWN_SEGMENT, Work

JUMP_BITS: Final = 10
"""So many bits below its generation a restored node begins to count versions of its layer anew."""


def open_segment(work: Work, command: OpenSegment) -> Answer:
    """Make sure the segment of a site and period exists; answered with its number."""
    if not command.site:
        msg = "a segment belongs to a site"
        raise Misuse(msg)
    tail = work.tail_of(command.site, command.period)
    if tail is not None:
        head = tail.head
        fact = SegmentFact(segment=head.number, uuid=head.uuid, site=head.site, period=head.period)
        return Answer(fact=payload_of(fact), kind="segment", new=False)
    number = work.next_number()
    uuid = segment_uuid(work.node, command.site, command.period)
    # While this node is frozen it may have been given away already, and that was forgotten.
    authority = Authority.not_ready if freeze.awaited(work.settings) else Authority.here
    head = Head(number, uuid, command.site, command.period, authority, hash=first_hash(uuid))
    answer = work.write(
        OWN_SEGMENT,
        SegmentFact(
            actor=command.actor,
            segment=number,
            uuid=uuid,
            site=command.site,
            period=command.period,
        ),
        command,
    )
    work.open_tail(head)
    return answer


def segment_uuid(node: str, site: str, period: str) -> str:
    """Return a segment's name, 32 hex digits (UUIDv5), the same however often it is asked for."""
    return uuid5(NAMESPACE_OID, f"paifang segment\n{node}\n{site}\n{period}").hex


def publish(work: Work, command: Publish) -> Answer:
    """Bring the next version of a layer into force, from this very command on."""
    if command.layer not in LAYERS or len(command.body) > limits.BUNDLE_BYTES_MAX:
        msg = "not a layer of the rules bundle, or too large"
        raise Misuse(msg)
    current = version_of(work.rules, command.layer)
    if command.base != current:
        msg = f"compiled from version {command.base}, but {current} is in force; compile again"
        raise NotPossible(msg)
    number = current + 1
    if command.layer == "node":
        # Others know versions of this node that it forgot; their numbers are not taken again.
        number = max(number, freeze.generation(work.settings) << JUMP_BITS)
    elif freeze.awaited(work.settings):
        msg = "this centre was restored; its hosts may know newer rules of its own"
        raise NotPossible(msg)
    return bring_into_force(work, command, command.layer, number)


def adopt_rules(work: Work, command: AdoptRules) -> Answer:
    """Bring a version of the centre's layer into force under the centre's own number.

    Raises Misuse for what is no centre's layer, NotPossible for one older than that in force.
    """
    if len(command.body) > limits.BUNDLE_BYTES_MAX:
        msg = "a layer of the rules bundle is too large"
        raise Misuse(msg)
    known = work.rules.centre.version
    if command.version <= known:
        msg = f"version {known} of the centre's rules is in force already"
        raise NotPossible(msg)
    if command.regained:
        work.set(freeze.REGAINED_RULES, str(command.version))
    return bring_into_force(work, command, "centre", command.version)


def bring_into_force(work: Work, command: Publish | AdoptRules, name: str, version: int) -> Answer:
    """Let a layer hold from this very command on. Raises Misuse if it is not that layer."""
    layer = replace(decode_layer(name, command.body), version=version)
    digest = hashlib.sha256(command.body).digest()
    answer = work.write(
        OWN_SEGMENT,
        PublishFact(
            rules=work.versions,
            actor=command.actor,
            layer=name,
            version=version,
            digest=digest.hex(),
            adopted=isinstance(command, AdoptRules),
        ),
        command,
    )
    row = BundleRow(name, version, work.now_ms, digest, command.signature, command.body)
    work.bundles.append(row)
    work.meta_changes[meta_name(name)] = str(version)
    if isinstance(layer, CentreRules):
        work.rules = replace(work.rules, centre=layer)
    else:
        work.rules = replace(work.rules, node=layer)
    return answer


def version_of(rules: Rules, layer: str) -> int:
    """Return the version of a layer in force."""
    return rules.centre.version if layer == "centre" else rules.node.version
