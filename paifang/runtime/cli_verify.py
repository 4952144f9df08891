"""`paifang verify`: whether a data directory's journal and state hold together."""

import typer
from nacl.exceptions import BadSignatureError

from paifang.ledger.engine import EngineError
from paifang.ledger.opening import open_reader
from paifang.ledger.verify import Report, Signer, verify
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
from paifang.runtime.data_directory import open_data
from paifang.runtime.faults import CommandError
from paifang.runtime.words import _
from paifang.services.live.keys import Keys

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
    settings = settings_from(data, database)
    directory = open_data(settings.data, create=False)
    if not settings.database and not (directory.path / "ledger.db").exists():
        raise CommandError(_("There is no ledger in {path}.").format(path=directory.path))
    signer = signer_of(Keys(directory.secrets()))
    try:
        reader = open_reader(settings.ledger_target)
        try:
            with progress_bar(_("Checking")) as progress:
                report = verify(reader.raw, signer=signer, progress=progress)
        finally:
            reader.close()
    except EngineError as error:
        raise CommandError(
            _("The ledger cannot be read: {error}").format(error=str(error).strip())
        ) from None
    _print(report, json=json)
    if not report.clean:
        raise typer.Exit(1)


def signer_of(keys: Keys) -> Signer:
    """Return what says whether a version of the rules bears this node's signature."""

    def is_ours(body: bytes, signature: bytes) -> bool:
        try:
            keys.signing.verify_key.verify(body, signature)
        except (BadSignatureError, ValueError):
            return False
        return True

    return is_ours


def _print(report: Report, *, json: bool) -> None:
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
