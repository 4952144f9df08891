"""`paifang simulate`: the simulated fairs of `tests/sim`, from a source checkout."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from paifang.runtime.cli_common import Json, console, example, print_json, progress_bar
from paifang.runtime.faults import CommandError
from paifang.runtime.words import _

SIMULATOR = "tests.sim.simulate"


def add_simulate_command(app: typer.Typer) -> None:
    """Add simulate to the command line."""
    app.command(
        "simulate",
        help=_(
            "Live through simulated fairs in which everything fails that can, and check what must "
            "hold."
        ),
        epilog=example("paifang simulate --seeds 2000"),
    )(simulate)


def simulate(
    *,
    seeds: Annotated[int, typer.Option(min=1, help=_("How many fairs."))] = 100,
    start: Annotated[int, typer.Option(min=0, help=_("The first one's number."))] = 0,
    json: Json = False,
) -> None:
    """Run seeds one after the other; ends with 1 if anything did not hold."""
    simulator = _simulator()
    with progress_bar(_("Fairs")) as progress:
        summary = simulator.run_seeds(seeds, start, progress=progress)
    if json:
        print_json(
            {
                "seeds": summary.seeds,
                "failed": [outcome.seed for outcome in summary.failed],
                "virtual_hours": round(summary.virtual_hours, 1),
                "seconds": round(summary.wall_s, 1),
                "scans": summary.figures["scans"],
                "faults": dict(summary.fired),
                "silent": summary.silent(),
            }
        )
    else:
        for line in summary.lines():
            console.print(line)
    if summary.failed:
        raise typer.Exit(1)


def _simulator() -> Any:  # noqa: ANN401 - it is loaded by name, because no package holds it
    """Return the simulator, which stands beside the tests. Raises CommandError without them."""
    checkout = Path(__file__).parents[2]
    if not (checkout / "tests" / "sim" / "simulate.py").is_file():
        raise CommandError(
            _("The simulator is part of the source; run this from a checkout of it.")
        )
    sys.path.insert(0, str(checkout))
    return import_module(SIMULATOR)
