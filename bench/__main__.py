"""Run all benchmarks, or those that are named."""

import sys
from typing import Final

import bench.admit
import bench.catching_up
import bench.desk
import bench.hold
import bench.importing
import bench.ledger
import bench.link
import bench.memory
import bench.mixed
import bench.paper
import bench.syncing
import bench.terminal
from bench.report import say
from bench.scale import Scale

BENCHES: Final = {
    "ledger": bench.ledger.run,
    "projector": bench.catching_up.run,
    "hold": bench.hold.run,
    "import": bench.importing.run,
    "admit": bench.admit.run,
    "mixed": bench.mixed.run,
    "desk": bench.desk.run,
    "memory": bench.memory.run,
    "paper": bench.paper.run,
    "sync": bench.syncing.run,
    "link": bench.link.run,
    "terminal": bench.terminal.run,
}


def main(names: list[str]) -> int:
    """Run the benchmarks named, all if none is; return the exit code."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        say(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(BENCHES)}.")
        return 2
    scale = Scale.from_environment()
    for name in names or BENCHES:
        say(f"# {name}")
        BENCHES[name](scale)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
