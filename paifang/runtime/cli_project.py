"""`paifang project`: the store's tables brought up to date from the journal, or made anew."""

from typing import Annotated

import typer

from paifang.runtime.cli_common import (
    Data,
    Database,
    Json,
    console,
    example,
    print_json,
    settings_from,
)
from paifang.runtime.late import desk_context, verb
from paifang.runtime.words import _

PROJECTOR = "paifang.services.desk.projector"


def add_project_command(app: typer.Typer) -> None:
    """Add project to the command line."""
    app.command(
        "project",
        help=_(
            "Bring lists, figures and search up to date from the journal, also while the server "
            "runs."
        ),
        epilog=example("paifang project --rebuild"),
    )(project)


def project(
    *,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help=_("Empty them first and make them anew; until that is done pages show a part."),
        ),
    ] = False,
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Bring the projected tables up to date; nothing is printed on paper or sent again."""
    with desk_context(settings_from(data, database)):
        rows: int = verb(PROJECTOR, "rebuild" if rebuild else "project_all")()
    if json:
        print_json({"rows": rows, "rebuilt": rebuild})
        return
    console.print(_("{rows} rows of the journal taken in.").format(rows=rows))
