"""Print a pairing code for a terminal of a running server: `pairing_code.py DATA NAME`.

What the manager's page does, for tests whose subject is the device.
"""

import sys
from pathlib import Path

from paifang.runtime.cli_common import settings_from
from paifang.runtime.late import desk_context, verb
from paifang.services.desk.permissions import Actor


def main(data: str, name: str) -> None:
    """Make a code the way the manager's page makes it."""
    with desk_context(settings_from(Path(data), None)):
        made = verb("paifang.services.desk.pairing", "new_code")(name, by=Actor("test"))
    sys.stdout.write(made.code)


if __name__ == "__main__":
    main(*sys.argv[1:])
