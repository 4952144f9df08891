"""The rules bundle in the ledger: two layers, each a JSON document with its version."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace

import msgspec

from paifang.core.rules import CentreRules, NodeRules, Rules
from paifang.ledger.faults import Misuse
from paifang.ledger.rows import BundleRow

LAYERS = ("centre", "node")

_decoders: dict[str, msgspec.json.Decoder[CentreRules] | msgspec.json.Decoder[NodeRules]] = {
    "centre": msgspec.json.Decoder(CentreRules),
    "node": msgspec.json.Decoder(NodeRules),
}

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_CENTRES, _NODES = ({field.name for field in fields(kind)} for kind in (CentreRules, NodeRules))
_OTHERS = {"centre": _NODES - _CENTRES, "node": _CENTRES - _NODES}


def meta_name(layer: str) -> str:
    """Return the name under which the version in force of a layer stands in `meta`."""
    return f"bundle.{layer}"


def node_layer(node: str) -> str:
    """Return the name under which another node's layer of the rules is kept."""
    return f"node/{node}"


def decode_layer(layer: str, body: bytes) -> CentreRules | NodeRules:
    """Return a layer as values. Raises Misuse if the document is not one, or the other one.

    Members that nobody here knows are passed over: a newer program may have written them.
    """
    try:
        members = _members.decode(body).keys()
        decoded = _decoders[layer].decode(body)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        msg = f"not a {layer} layer: {error}"
        raise Misuse(msg) from error
    if not _OTHERS[layer].isdisjoint(members):
        msg = f"not a {layer} layer, but the other one"
        raise Misuse(msg)
    return decoded


def current_rules(
    known: Rules, meta: Mapping[str, str], read: Callable[[str, int], BundleRow]
) -> Rules:
    """Return the rules in force: what is known if the versions agree, else read anew."""
    rules = known
    centre, node = (int(meta.get(meta_name(layer), "0")) for layer in LAYERS)
    if centre != known.centre.version:
        layer = decode_layer("centre", read("centre", centre).body)
        assert isinstance(layer, CentreRules), "the centre's layer was read"
        rules = replace(rules, centre=replace(layer, version=centre))
    if node != known.node.version:
        layer = decode_layer("node", read("node", node).body)
        assert isinstance(layer, NodeRules), "the node's layer was read"
        rules = replace(rules, node=replace(layer, version=node))
    return rules
