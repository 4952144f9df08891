"""What commands share: options, reports, tables, progress."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from paifang.runtime.settings import Settings
from paifang.runtime.words import _

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help=_("The data directory; else the environment variable PAIFANG_DATA."),
        show_default=False,
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help=_("postgresql://… instead of SQLite in the data directory."),
        show_default=False,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help=_("Report as one JSON object in the last line."))
]

console: Final = Console(highlight=False, markup=False)
aside: Final = Console(stderr=True, highlight=False, markup=False)
"""For what is not the result: progress, and prompts' company."""


def example(command: str) -> str:
    """Return the line under a command's help."""
    return _("Example: {command}").format(command=command)


def settings_from(data: Path | None, database: str | None, **options: str | None) -> Settings:
    """Return the settings with a command's options over the environment. Raises SettingError."""
    return Settings.from_environment(None, data=data, database=database, **options)


def new_group(app: typer.Typer, name: str, words: str) -> typer.Typer:
    """Return a new group of commands; it stays one also while it has a single command."""
    group = typer.Typer(no_args_is_help=True)
    group.callback()(_nothing)
    app.add_typer(group, name=name, help=words)
    return group


def _nothing() -> None:
    return


def yes_or_no(value: object) -> str:
    """Return whether something is so, in a word."""
    return _("yes") if value else _("no")


def shown_time(at_ms: int) -> str:
    """Return a moment (UTC ms) to the minute, a dash for none."""
    if not at_ms:
        return "–"
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def print_json(told: Mapping[str, object]) -> None:
    """Print a report as one line of JSON, the last one."""
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, or nothing if it would have no rows."""
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for heading in headings:
        # A token or a password must be copied whole, however narrow the window is.
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


@contextmanager
def progress_bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error; yields what is told how much of how much is done."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=aside,
        transient=not aside.is_terminal,
    )
    with bar:
        task = bar.add_task(words, total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield tell


def password_of(name: str) -> str:
    """Ask for somebody's password; from a pipe it is the first line."""
    password: str = ""
    if sys.stdin.isatty():
        password = typer.prompt(_("Password of {name}").format(name=name), hide_input=True)
    # A password is no option: the list of processes would show it to everybody on the machine.
    return password or sys.stdin.readline().rstrip("\n")
