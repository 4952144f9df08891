"""The command line. Commands are thin: they read options, call services, and print.

Exit codes: 0 done, 1 failed, 2 wrong usage. A person's mistake is answered in words, never with a
traceback; a bug keeps its traceback, so that it can be reported.
"""

import sys
from typing import Final

import typer

from paifang.ledger.faults import LedgerFault
from paifang.runtime.cli_agent import add_agent_command
from paifang.runtime.cli_backup import add_backup_commands
from paifang.runtime.cli_certificate import add_certificate_commands
from paifang.runtime.cli_desk import add_desk_commands
from paifang.runtime.cli_lease import add_lease_commands
from paifang.runtime.cli_nodes import add_node_commands
from paifang.runtime.cli_project import add_project_command
from paifang.runtime.cli_server import add_server_commands
from paifang.runtime.cli_simulate import add_simulate_command
from paifang.runtime.cli_verify import add_verify_command
from paifang.runtime.data_directory import DataDirectoryError
from paifang.runtime.faults import CommandError, StartError
from paifang.runtime.settings import SettingError
from paifang.runtime.words import _
from paifang.services.live.files import keep_files_private

FAILED: Final = 1
WRONG_USAGE: Final = 2

app: Final = typer.Typer(
    help=_("Ticketing and admission for exhibitions, scenic areas, shows and museums."),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
add_server_commands(app)
add_desk_commands(app)
add_certificate_commands(app)
add_node_commands(app)
add_lease_commands(app)
add_verify_command(app)
add_backup_commands(app)
add_project_command(app)
add_simulate_command(app)
add_agent_command(app)


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    keep_files_private()
    try:
        app()
    except SettingError as error:
        _say(str(error), WRONG_USAGE)
    except (CommandError, DataDirectoryError, StartError) as error:
        _say(str(error), FAILED)
    except LedgerFault as fault:
        _say(
            _("The ledger did not take it ({code}): {detail}").format(
                code=fault.code, detail=fault.detail
            ),
            FAILED,
        )


def _say(words: str, code: int) -> None:
    sys.stderr.write(f"{words}\n")
    sys.exit(code)
