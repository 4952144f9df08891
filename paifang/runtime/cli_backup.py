"""`paifang backup` and `paifang restore`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from paifang.runtime.cli_common import (
    Data,
    Database,
    Json,
    aside,
    console,
    example,
    print_json,
    progress_bar,
    settings_from,
    shown_time,
)
from paifang.runtime.late import verb
from paifang.runtime.words import _

KEEP_DAYS = 30


def add_backup_commands(app: typer.Typer) -> None:
    """Add backup and restore to the command line."""
    app.command(
        "backup",
        help=_(
            "Write everything into one file: both databases, keys and files, also of a running "
            "server."
        ),
        epilog=example("paifang backup /mnt/stick --data /srv/paifang"),
    )(backup)
    app.command(
        "restore",
        help=_(
            "Bring a backup back into an empty place. Leases are given again once every venue host "
            "has reported."
        ),
        epilog=example(
            "paifang restore paifang-20260601-220000.paifang-backup --data /srv/paifang"
        ),
    )(restore)


def backup(
    target: Annotated[
        Path,
        typer.Argument(metavar="FILE-OR-DIR", help=_("A new file, or a directory for one.")),
    ],
    *,
    keep_days: Annotated[
        int,
        typer.Option(min=1, max=3650, help=_("After how many days it is to be destroyed.")),
    ] = KEEP_DAYS,
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Write a backup."""
    settings = settings_from(data, database)
    with progress_bar(_("Bytes")) as progress:
        made = verb("paifang.runtime.backing_up", "back_up")(settings, target, keep_days, progress)
    manifest = made.manifest
    if json:
        print_json(
            {
                "path": str(made.path),
                "bytes": made.size,
                "files": len(manifest.files),
                "made_ms": manifest.made_ms,
                "expires_ms": manifest.expires_ms,
            }
        )
        return
    console.print(
        _("{path}: {size} MB. Destroy it by {moment} UTC; it holds names and keys.").format(
            path=made.path,
            size=f"{made.size / 1_000_000:.1f}",
            moment=shown_time(manifest.expires_ms),
        )
    )


def restore(
    backup: Annotated[Path, typer.Argument(metavar="FILE", help=_("The backup."))],
    *,
    expired: Annotated[
        bool, typer.Option("--expired", help=_("Also one that should be destroyed by now."))
    ] = False,
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Restore a backup into an empty place, then check it; ends with 1 if anything is wrong."""
    settings = settings_from(data, database)
    with progress_bar(_("Bytes")) as progress:
        brought = verb("paifang.runtime.bringing_back", "bring_back")(
            settings, backup, progress, expired=expired
        )
    with progress_bar(_("Checking")) as progress:
        report = verb("paifang.runtime.verification", "verify_ledger")(settings, progress)
    if json:
        print_json(
            {
                "made_ms": brought.manifest.made_ms,
                **brought.state,
                "clean": report.clean,
                "found": report.found,
                "rows": report.rows,
                "tickets": report.tickets,
            }
        )
    else:
        _tell(brought.manifest.made_ms, brought.state)
        words = (
            _("All is well: {rows} journal rows, {tickets} tickets.")
            if report.clean
            else _("{found} findings in {rows} journal rows, {tickets} tickets.")
        )
        console.print(words.format(rows=report.rows, tickets=report.tickets, found=report.found))
    if not report.clean:
        aside.print(_("Run “paifang verify” to see what is wrong."))
        raise typer.Exit(1)


def _tell(made_ms: int, state: dict[str, Any]) -> None:
    console.print(
        _(
            "Restored as it was at {moment} UTC. What only this machine knew since then is lost."
        ).format(moment=shown_time(made_ms))
    )
    if state["lost"]:
        console.print(
            _(
                "This host has lost its leases: it may have admitted people it does not remember. "
                "Break them at the centre and give new ones."
            )
        )
    if state["awaited"]:
        console.print(
            _(
                "No leases are given and gates here decide nothing until these hosts have reported "
                "or were written off (“paifang node write-off”): {names}"
            ).format(names=", ".join(state["awaited"]))
        )
