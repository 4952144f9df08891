"""Further seeds, in a file of their own so that two workers share them."""

import os

import pytest

from tests.sim.simulate import run_seeds

pytestmark = [pytest.mark.no_cover, pytest.mark.timeout(1_200)]


@pytest.mark.skipif(bool(os.environ.get("PAIFANG_SOAK")), reason="the soak runs more of them")
def test_what_must_hold_holds_for_further_seeds() -> None:
    summary = run_seeds(100, 100)
    report = "\n".join(summary.lines())
    print(report)
    assert not summary.failed, report
    assert not summary.silent(), report
