"""Recovered rows: what a host that was given up decided, told by the gate that had asked it."""

from paifang.ledger.facts import Fact, RecoveredFact, fact_of
from paifang.ledger.rows import JournalRow


def first_told(fact: Fact) -> Fact:
    """Return what a recovered row told when it was first written; every other fact as it is."""
    return fact_of(fact.kind, bytes(fact.payload)) if isinstance(fact, RecoveredFact) else fact


def original(row: JournalRow) -> JournalRow:
    """Return a recovered row as it was first written, at the place where it stands now.

    Every other row is returned as it is.
    """
    if row.kind != "recovered":
        return row
    fact = fact_of(row.kind, row.payload)
    assert isinstance(fact, RecoveredFact), "a row's kind is its fact's"
    return row._replace(
        at_ms=fact.at_ms, node=fact.node, kind=fact.kind, payload=bytes(fact.payload)
    )
