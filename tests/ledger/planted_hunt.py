"""Runs a machine until it finds a violation, for planted faults."""

from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger.machine import LedgerMachine, SqlitePlace, Stumble, Violation
from tests.ledger.machine_duty import DutyMachine
from tests.ledger.machine_gates import GateMachine
from tests.ledger.machine_money import MoneyMachine
from tests.ledger.machine_quota import QuotaMachine

MACHINES: dict[str, type[LedgerMachine]] = {
    "gates": GateMachine,
    "quota": QuotaMachine,
    "duty": DutyMachine,
    "money": MoneyMachine,
}


def hunt(machine: str, examples: int) -> dict[str, str | int | bool]:
    """Run a machine; return whether it saw a violation, after how many runs, and which."""
    runs = 0
    base = MACHINES[machine]

    def start(self: LedgerMachine) -> None:
        nonlocal runs
        runs += 1
        base.__init__(self)

    # Nothing is shrunk: that a fault is seen is enough.
    chosen = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with closing(SqlitePlace()) as place:
        placed = type(base.__name__, (base,), {"place": place, "__init__": start})
        try:
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                run_state_machine_as_test(placed, settings=chosen)
        except Violation as violation:
            return {"caught": True, "runs": runs, "violation": str(violation)}
        except Stumble as stumble:
            # An assertion of production code, or a key of the database, has seen it. Any other
            # bug would be a slip in how the fault is written.
            if str(stumble) not in {"AssertionError", "ConstraintError"}:
                raise
            return {"caught": True, "runs": runs, "violation": str(stumble)}
    return {"caught": False, "runs": runs, "violation": ""}
