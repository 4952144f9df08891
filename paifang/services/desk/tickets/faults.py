"""What can go wrong in the ledger, as pages tell it."""

from collections.abc import Iterator
from contextlib import contextmanager

from paifang.ledger.faults import LedgerFault, Taken


class LaterError(Exception):
    """It could not be recorded now; sent again, the same act is done once."""


class OwnTakenError(Exception):
    """A document or card of the person's own opens another ticket; `kind` says which of them."""

    def __init__(self, kind: str) -> None:
        """Keep the credential's kind."""
        super().__init__(kind)
        self.kind = kind


@contextmanager
def faults_told() -> Iterator[None]:
    """Turn faults of the ledger into what a page has words for.

    Raises:
        OwnTakenError: A credential of the person's own belongs to another ticket.
        LaterError: Anything else; nothing is half done that is not finished when asked again.
    """
    try:
        yield
    except Taken as fault:
        raise OwnTakenError(fault.detail) from fault
    except LedgerFault as fault:
        raise LaterError from fault
