"""The state machines on both engines."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger.engines import postgres_database
from tests.ledger.machine import LedgerMachine, Place, PostgresPlace, SqlitePlace
from tests.ledger.machine_duty import DutyMachine
from tests.ledger.machine_gates import GateMachine
from tests.ledger.machine_money import MoneyMachine
from tests.ledger.machine_quota import QuotaMachine

EVERY_DAY = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
"""The same examples every time, so that a red build is red for everybody."""

LONG = settings(EVERY_DAY, max_examples=5_000, stateful_step_count=80, derandomize=False)
"""Other examples every time; a failure prints how to repeat it."""
POSTGRES_EXAMPLES = 60
"""Every statement there is a way to another process and back."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Where a machine finds empty ledgers."""
    if request.param == "sqlite":
        with closing(SqlitePlace()) as files:
            yield files
        return
    with (
        postgres_database(request.getfixturevalue("server")) as url,
        closing(PostgresPlace(url)) as database,
    ):
        yield database


@pytest.mark.timeout(900)
@pytest.mark.parametrize("machine", [GateMachine, QuotaMachine, DutyMachine, MoneyMachine])
def test_the_ledger_does_what_its_model_says(machine: type[LedgerMachine], place: Place) -> None:
    examples = POSTGRES_EXAMPLES if isinstance(place, PostgresPlace) else EVERY_DAY.max_examples
    run(machine, place, settings(EVERY_DAY, max_examples=examples))


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("machine", [GateMachine, QuotaMachine, DutyMachine, MoneyMachine])
def test_the_ledger_does_so_for_hours(machine: type[LedgerMachine], place: Place) -> None:
    run(machine, place, LONG)


def run(machine: type[LedgerMachine], place: Place, chosen: settings) -> None:
    """Run a machine at a place."""
    run_state_machine_as_test(type(machine.__name__, (machine,), {"place": place}), settings=chosen)
