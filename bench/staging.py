"""Prepares a data directory, as a process: `python -m bench.staging DATA CODES TICKETS`."""

import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Final

from paifang.core import limits
from paifang.ledger.faults import LedgerFault
from paifang.runtime.bootstrap import desk_context
from paifang.runtime.late import verb
from paifang.runtime.settings import Settings
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee, Issued, Issuer
from paifang.services.desk.segments import SegmentBook

PRODUCT: Final = "Adult ticket"
GATE: Final = "north"


def main(data: str, codes: str, count: str) -> None:
    """Build the demonstration, issue the tickets, keep their codes once all of them are durable."""
    part = Path(codes + ".part")
    with desk_context(Settings.from_environment(data=data)) as context:
        build = verb("paifang.services.desk.demo.build", "build_demo")
        build(base_url="http://127.0.0.1", tickets=1, progress=lambda _done, _all: None)
        _make_room(2 * int(count))
        with part.open("wb") as file:
            wishes = _wishes(context, int(count))
            while batch := list(islice(wishes, limits.SOCKET_COMMANDS_MAX)):
                for answer in context.ledger.commit([issued.command for issued in batch]):
                    if isinstance(answer, LedgerFault):
                        raise answer
                file.write("".join(issued.code for issued in batch).encode())
    part.rename(codes)


def _make_room(people: int) -> None:
    """Raise the cap of the fair's halls, so that it is counted against and never met."""
    zones = import_module("paifang.store.models").Zone.objects
    zones.filter(gates__slug=GATE).update(cap=people)
    verb("paifang.services.desk.compile", "publish")("bench")


def _wishes(context: DeskContext, count: int) -> Iterator[Issued]:
    centre = context.ledger.rules().centre
    product = next(p for p in centre.products.values() if p.name == PRODUCT)
    issuer = Issuer(
        centre.events[product.event],
        product,
        keys=context.keys,
        book=SegmentBook(context.ledger, centre, "bench"),
        actor="bench",
    )
    for n in range(count):
        yield issuer.issue(
            Attendee(name=f"访客 {n}", reference=f"bench-{n}", company="Benchmark & Co")
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
