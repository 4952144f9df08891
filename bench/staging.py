"""Prepares a data directory, as a process: `python -m bench.staging DATA CODES TICKETS`."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Final

from paifang.core import limits
from paifang.ledger.faults import LedgerFault, Taken
from paifang.runtime.bootstrap import desk_context
from paifang.runtime.late import verb
from paifang.runtime.settings import Settings
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee, Issuer
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
        issuer = _issuer(context)
        with part.open("w") as file:
            for first in range(0, int(count), limits.SOCKET_COMMANDS_MAX):
                numbers = range(first, min(first + limits.SOCKET_COMMANDS_MAX, int(count)))
                file.writelines(_issue(context, issuer, [_attendee(n) for n in numbers]))
    part.rename(codes)


def _make_room(people: int) -> None:
    """Raise the cap of the fair's halls, so that it is counted against and never met."""
    zones = import_module("paifang.store.models").Zone.objects
    zones.filter(gates__slug=GATE).update(cap=people)
    verb("paifang.services.desk.compile", "publish")("bench")


def _issuer(context: DeskContext) -> Issuer:
    centre = context.ledger.rules().centre
    product = next(p for p in centre.products.values() if p.name == PRODUCT)
    return Issuer(
        centre.events[product.event],
        product,
        keys=context.keys,
        book=SegmentBook(context.ledger, centre, "bench"),
        actor="bench",
    )


def _attendee(n: int) -> Attendee:
    return Attendee(name=f"访客 {n}", reference=f"bench-{n}", company="Benchmark & Co")


def _issue(context: DeskContext, issuer: Issuer, attendees: list[Attendee]) -> list[str]:
    """Issue tickets and return their codes, in order, once all of them are durable."""
    issued = [issuer.issue(attendee) for attendee in attendees]
    answers = context.ledger.commit([one.command for one in issued])
    codes = []
    for attendee, one, answer in zip(attendees, issued, answers, strict=True):
        if isinstance(answer, Taken) and answer.detail in one.drawn:
            # Among a million serials of 13 digits two are the same once in twenty runs.
            codes += _issue(context, issuer, [attendee])
        elif isinstance(answer, LedgerFault):
            raise answer
        else:
            codes.append(one.code)
    return codes


if __name__ == "__main__":
    main(*sys.argv[1:])
