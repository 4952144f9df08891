"""The tester tested: each fault planted into production code is caught, and a sound one is not."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.ledger.planted import FAULTS, ROOT, Fault

EXAMPLES = 400
"""Within so many runs of a machine a fault must be seen; most are within ten."""

SOUND_EXAMPLES = 25


def hunted(name: str, examples: int) -> dict[str, Any]:
    """Run `planted` in a process of its own; return what it saw."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.ledger.planted", name, str(examples)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_caught(fault: Fault) -> None:
    found = hunted(fault.name, EXAMPLES)
    assert found["caught"], f"{fault.name} went unseen in {found['runs']} runs"


@pytest.mark.parametrize("machine", ["gates", "quota", "duty", "money"])
def test_without_a_fault_nothing_is_caught(machine: str) -> None:
    found = hunted(machine, SOUND_EXAMPLES)
    assert not found["caught"], found["violation"]
    assert found["runs"] >= SOUND_EXAMPLES


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_still_fits_its_source(fault: Fault) -> None:
    assert fault.source() != fault.path.read_text(encoding="utf-8")


def test_a_fault_whose_words_are_gone_or_doubled_is_refused() -> None:
    fault = FAULTS[0]._replace(old="these words stand nowhere")
    with pytest.raises(ValueError, match="stand 0 times"):
        fault.source()
    with pytest.raises(ValueError, match=r"stand \d+ times"):
        fault._replace(old="import").source()


def test_there_are_ten_planted_faults_or_more_and_the_page_lists_them() -> None:
    page = (ROOT / "docs/reference/faults.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (.+?) \| `([\w.]+)` \|", page, re.MULTILINE)
    assert listed == [(fault.name, fault.what, fault.module) for fault in FAULTS]
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 10
