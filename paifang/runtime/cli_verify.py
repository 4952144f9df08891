"""`paifang verify`: whether a data directory's journal and state hold together."""

from typing import TYPE_CHECKING

import typer

from paifang.runtime.cli_common import (
    Data,
    Database,
    Json,
    console,
    example,
    print_json,
    print_table,
    progress_bar,
    settings_from,
)
from paifang.runtime.late import verb
from paifang.runtime.words import _

if TYPE_CHECKING:
    # At run time it would bring both engines into every command.
    from paifang.ledger.findings import Report

COUNTS = (
    *("segments", "rows", "pages", "enclosures", "erased", "tickets", "entitlements"),
    *("credentials", "requests", "holds", "bundles", "found"),
)


def add_verify_command(app: typer.Typer) -> None:
    """Add verify to the command line."""
    app.command(
        "verify",
        help=_("Check the journal's chain, the sums and the invariants, also of a running server."),
        epilog=example("paifang verify --data /srv/paifang"),
    )(verify_data)


def verify_data(*, json: Json = False, data: Data = None, database: Database = None) -> None:
    """Check a data directory; ends with 1 if anything is wrong."""
    with progress_bar(_("Checking")) as progress:
        report = verb("paifang.runtime.verification", "verify_ledger")(
            settings_from(data, database), progress
        )
    _print(report, json=json)
    if not report.clean:
        raise typer.Exit(1)


def _print(report: "Report", *, json: bool) -> None:
    findings = [
        {"code": finding.code, "where": finding.where, "words": _(finding.words) % finding.params}
        for finding in report.findings
    ]
    if json:
        counts = {name: getattr(report, name) for name in COUNTS}
        print_json({"clean": report.clean, **counts, "findings": findings})
        return
    print_table(
        _("Findings"),
        [_("where"), _("what"), _("code")],
        [(finding["where"], finding["words"], finding["code"]) for finding in findings],
    )
    words = (
        _("All is well: {rows} journal rows, {tickets} tickets.")
        if report.clean
        else _("{found} findings in {rows} journal rows, {tickets} tickets.")
    )
    console.print(words.format(rows=report.rows, tickets=report.tickets, found=report.found))
