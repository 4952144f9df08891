"""Faults planted into production code, to see that the machines and `verify` would notice them.

Each is a change of a few words in one module's source. It is made while the module is imported in a
process of its own, so nothing on disk changes and no other test can meet it:

    python -m tests.ledger.planted acknowledged_before_durable 400
"""

import json
import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Fault(NamedTuple):
    """A planted fault: where, the words it replaces, by which, and which machine shall notice."""

    name: str
    what: str
    module: str
    old: str
    new: str
    machine: str = "gates"

    @property
    def path(self) -> Path:
        """The module's source."""
        return ROOT / (self.module.replace(".", "/") + ".py")

    def source(self) -> str:
        """Return the module's source with the fault in it. Raises ValueError if it fits no more."""
        source = self.path.read_text(encoding="utf-8")
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: its words stand {source.count(self.old)} times")
        return source.replace(self.old, self.new)


FAULTS = (
    Fault(
        "paid_back_beyond_the_line",
        "more is paid back for tickets than was paid for them",
        "paifang.core.selling",
        "or given > line.amount_minor:",
        "or given > order.total_minor:",
        "money",
    ),
    Fault(
        "late_money_sells_what_is_gone",
        "money that comes too late buys what the order held, although others have it by now",
        "paifang.ledger.apply.sales",
        'return ("late", ()) if again is None else ("paid", again)',
        'return "paid", again or ()',
        "money",
    ),
    Fault(
        "drawer_forgets_a_refund",
        "cash that is paid back does not leave the drawer",
        "paifang.ledger.apply.sales",
        "_drawer_after(work, command, -amount)",
        "_drawer_after(work, command, 0)",
        "money",
    ),
    Fault(
        "ticket_paid_back_twice",
        "a ticket that was paid back can be paid back again",
        "paifang.ledger.apply.sales",
        "if work.ticket(ticket).status != Status.void:",
        "if work.ticket(ticket).status < Status.void:",
        "money",
    ),
    Fault(
        "acknowledged_before_durable",
        "answers are given although the COMMIT failed",
        "paifang.ledger.batch",
        "            engine.commit()\n    else:",
        "            try:\n                engine.commit()\n            except Exception:\n"
        "                engine.rollback()\n    else:",
    ),
    Fault(
        "request_not_remembered",
        "the same request asked again is decided again",
        "paifang.ledger.work",
        "        if request_id:\n            self.fresh_rows",
        "        if not command:\n            self.fresh_rows",
    ),
    Fault(
        "second_scan_in_a_batch_unseen",
        "two scans of one ticket in a batch do not see each other",
        "paifang.ledger.work",
        "                uses[place] = use\n",
        "                self.uses[use.ticket] = list(uses)\n",
    ),
    Fault(
        "group_counted_as_one",
        "a group's allowance is checked for one more person, however many come",
        "paifang.core.admission",
        "use.uses + fresh > rule.uses_max * people",
        "use.uses + 1 > rule.uses_max * people",
    ),
    Fault(
        "exit_not_counted",
        "people who leave stay in the count",
        "paifang.ledger.apply.admission",
        "work.count_zone(fact.zone, fact.day, 0, fact.people)",
        "work.count_zone(fact.zone, fact.day, 0, 0)",
    ),
    Fault(
        "re_entry_uses_up",
        "whoever comes back pays with another use",
        "paifang.core.admission",
        "again = min(ask.count, use.outside) if rule.reentry is Reentry.after_exit else 0",
        "again = 0",
    ),
    Fault(
        "annulled_twice",
        "an admission is given back as often as asked",
        "paifang.ledger.apply.aftermath",
        'if before.annulled:\n        msg = "this admission was annulled already"',
        'if not before:\n        msg = "this admission was annulled already"',
    ),
    Fault(
        "people_who_left_are_uncounted",
        "an entry is taken back although its people have gone out since",
        "paifang.core.undo",
        "return is_counted(use, admitted) and use.inside >= admitted.fresh + admitted.again",
        "return is_counted(use, admitted)",
    ),
    Fault(
        "chain_skips_rows",
        "only the last row of a batch is chained",
        "paifang.ledger.journal",
        "self.hash = chained(self.hash, row)",
        "self.hash = chained(self.head.hash, row)",
    ),
    Fault(
        "confirmed_but_still_held",
        "selling held units does not lower what is held",
        "paifang.core.quota",
        "return quota._replace(held=quota.held - units, sold=quota.sold + units)",
        "return quota._replace(sold=quota.sold + units)",
        "quota",
    ),
    Fault(
        "expired_hold_sold",
        "a hold that was swept, and perhaps held by another since, can still be confirmed",
        "paifang.ledger.apply.quota",
        "if row.state == HoldState.released:",
        "if not row:",
        "quota",
    ),
    Fault(
        "swept_in_memory_only",
        "the sweep forgets that a hold of this very batch was ended",
        "paifang.ledger.apply.quota",
        "    work.holds.set(row.id, row._replace(state=state))\n",
        "    work.holds.changed.discard(row.id)\n",
        "quota",
    ),
    Fault(
        "revoked_terminal_accepted",
        "a revoked terminal goes on admitting",
        "paifang.ledger.apply.admission",
        "if terminal is None or terminal.revoked:",
        "if terminal is None:",
    ),
    Fault(
        "cap_without_newcomers",
        "the cap looks at who is inside, not at who is coming",
        "paifang.core.admission",
        "scene.known.inside + scene.ask.count > cap",
        "scene.known.inside > cap",
    ),
    Fault(
        "conflict_applied_twice",
        "after a conflict a batch is carried out twice",
        "paifang.ledger.writer",
        "except EngineConflict:\n                self._engine.rollback()",
        "except EngineConflict:\n                self._engine.rollback()\n"
        "                self._attempt(commands)",
    ),
    Fault(
        "full_disk_keeps_half",
        "without room the caller is told that nothing was done, and something was",
        "paifang.ledger.writer",
        "except EngineFull:\n                self._engine.rollback()",
        "except EngineFull:\n                self._engine.commit()",
    ),
    Fault(
        "broken_taken_for_done",
        "a lost connection is answered as if nothing had been written, and decided anew",
        "paifang.ledger.work",
        "if request and request.digest and request.digest != command.content_digest():",
        "if request and request.digest == command.content_digest():\n            return None\n"
        "        if request and not request.digest:",
    ),
    Fault(
        "erased_only_by_name",
        "erasing leaves the bodies where they are",
        "paifang.ledger.apply.erasing",
        'work.erased += [row._replace(salt=b"", body=b"") for row in stored]',
        "work.erased += stored",
    ),
    Fault(
        "taken_back_though_used",
        "a ticket is made void on condition that it is unused, and the condition is not looked at",
        "paifang.ledger.apply.ticketing",
        "if command.unused and (",
        "if not command and (",
    ),
    Fault(
        "ended_shift_goes_on",
        "a shift that was ended can still be continued",
        "paifang.ledger.apply.duty",
        "if work.requests.get(sign_off_id(command.shift)) is not None:",
        "if not command:",
        "duty",
    ),
    Fault(
        "replaced_key_accepted",
        "the device before signs on although another one was paired",
        "paifang.ledger.apply.duty",
        "public_key != command.public_key:",
        "public_key is None:",
        "duty",
    ),
    Fault(
        "withdrawn_terminal_signs_on",
        "a withdrawn terminal goes on signing on",
        "paifang.ledger.apply.duty",
        "if terminal is None or terminal.revoked or not terminal.public_key:",
        "if terminal is None or not terminal.public_key:",
        "duty",
    ),
)


class Planter(MetaPathFinder):
    """Puts a fault into its module while that is imported."""

    def __init__(self, fault: Fault) -> None:
        """Take the fault."""
        self._fault = fault

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as usual, and load it with the fault."""
        if name != self._fault.module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = FaultyLoader(self._fault)
        return spec


class FaultyLoader(SourceFileLoader):
    """Compiles a module's source with a fault in it, past the cache of compiled files."""

    def __init__(self, fault: Fault) -> None:
        """Take the fault."""
        super().__init__(fault.module, str(fault.path))
        self._fault = fault

    def get_code(self, fullname: str) -> CodeType:
        """Return the faulty code."""
        return compile(self._fault.source(), self.path, "exec")


def main(name: str, examples: int) -> None:
    """Run a fault's machine with that fault, or the machine of this name without any.

    Prints one JSON object: whether a violation was seen, after how many runs, and which.
    """
    logging.disable()
    faults = {fault.name: fault for fault in FAULTS}
    if name in faults:
        sys.meta_path.insert(0, Planter(faults[name]))
    # Imported only now, so that the fault is in what it imports.
    hunt = import_module("tests.ledger.planted_hunt").hunt
    machine = faults[name].machine if name in faults else name
    sys.stdout.write(json.dumps(hunt(machine, examples)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
