"""The tester tested: each way to break the production code is noticed within 200 seeds."""

import pytest

from tests.sim.mutations import MUTATIONS
from tests.sim.simulate import run_seeds

# Lines that broken code runs are proven by nothing; following them costs two fifths of the time.
pytestmark = [pytest.mark.no_cover, pytest.mark.timeout(1_200)]

SEEDS_MAX = 200


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_simulator_notices(name: str) -> None:
    with MUTATIONS[name]():
        summary = run_seeds(SEEDS_MAX, 1_000, stop_at_first=True)
    print(f"{name}: caught after {summary.seeds} seeds")
    assert summary.failed, f"{name} was not caught within {SEEDS_MAX} seeds"
    print(summary.failed[0].violations[0])
