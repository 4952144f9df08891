"""`paifang certificate`: the venue's own one shown, exported for a spare, imported there."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from paifang.runtime.cli_common import (
    Data,
    Database,
    Json,
    console,
    example,
    print_json,
    print_table,
    settings_from,
)
from paifang.runtime.data_directory import open_data
from paifang.runtime.faults import CommandError
from paifang.runtime.late import desk_context, verb
from paifang.runtime.settings import passphrase_from_environment
from paifang.runtime.words import _

CERTIFICATES: Final = "paifang.runtime.certificates"
ACTOR: Final = "command line"

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help=_("A file with the passphrase in its first line; else it is asked for."),
        show_default=False,
    ),
]


def add_certificate_commands(app: typer.Typer) -> None:
    """Add certificate to the command line."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="certificate", help=_("The venue's own certificate."))
    group.command(
        "show",
        help=_("Show its fingerprints, names and dates."),
        epilog=example("paifang certificate show --data /srv/paifang"),
    )(show)
    group.command(
        "export",
        help=_("Write the CA, its key and the venue's name to a sealed file, for a spare machine."),
        epilog=example("paifang certificate export venue.paifang-ca --data /srv/paifang"),
    )(export)
    group.command(
        "import",
        help=_("Take them over: this machine then answers to the same name, trusted by phones."),
        epilog=example("paifang certificate import venue.paifang-ca --data /srv/paifang"),
    )(import_certificate)


def show(*, json: Json = False, data: Data = None) -> None:
    """Show its fingerprints, names and dates."""
    told = verb(CERTIFICATES, "tell")(open_data(settings_from(data, None).data, create=False))
    until = told.leaf_until.isoformat() if told.leaf_until else None
    if json:
        print_json(
            {
                "name": told.name,
                **told.shown._asdict(),
                "ca_until": told.ca_until.isoformat(),
                "leaf_until": until,
                "leaf_names": told.leaf_names,
            }
        )
        return
    day = "%Y-%m-%d"
    print_table(
        _("Certificate"),
        [_("what"), _("value")],
        [
            (_("name"), told.name),
            (_("number to compare"), told.shown.digits),
            ("SHA-256", told.shown.sha256),
            (_("SHA-1 (Windows: thumbprint)"), told.shown.sha1),
            (_("CA good until"), told.ca_until.strftime(day)),
            (_("served one good until"), told.leaf_until.strftime(day) if until else "–"),
            (_("served one names"), " ".join(told.leaf_names) or "–"),
        ],
    )


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=_("The file to write."), dir_okay=False)
    ],
    *,
    passphrase_file: PassphraseFile = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Write the CA, its key and the venue's name to a sealed file."""
    passphrase = _passphrase(passphrase_file, confirm=True)
    settings = settings_from(data, database)
    directory = open_data(settings.data, create=False)
    with desk_context(settings):
        shown = verb(CERTIFICATES, "export_to")(directory, file, passphrase)
        _record("certificate_export", shown.digits)
    console.print(_("{path} is written.").format(path=file), soft_wrap=True)
    console.print(_("Number to compare: {digits}").format(digits=shown.digits))
    console.print(_("Carry file and passphrase apart; together they can stand in for this host."))


def import_certificate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=_("The file of an export."), dir_okay=False)
    ],
    *,
    passphrase_file: PassphraseFile = None,
    replace: Annotated[
        bool, typer.Option("--replace", help=_("Give up a certificate of its own for this one."))
    ] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Take over another machine's CA, key and name."""
    passphrase = _passphrase(passphrase_file, confirm=False)
    settings = settings_from(data, database)
    carried = verb(CERTIFICATES, "read_export")(file, passphrase)
    directory = open_data(settings.data)
    with desk_context(settings):
        changed = verb(CERTIFICATES, "install")(directory, carried, replace=replace)
        shown = verb(CERTIFICATES, "tell")(directory).shown
        if changed:
            _record("certificate_import", shown.digits)
    if changed:
        words = _("This machine answers to {name} from its next start on.")
    else:
        words = _("This machine has the certificate of {name} already.")
    console.print(words.format(name=carried.name))
    console.print(_("Number to compare: {digits}").format(digits=shown.digits))


def _record(what: str, digits: str) -> None:
    verb("paifang.services.desk.audit", "record")(what, who=ACTOR, subject=digits)


def _passphrase(path: Path | None, *, confirm: bool) -> str:
    """Return the passphrase from a file, the environment or the person. Raises CommandError."""
    if path is not None:
        try:
            given = path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(
                _("{path} cannot be used: {error}").format(path=path, error=error)
            ) from None
    else:
        given = passphrase_from_environment()
    if given:
        return given
    if not sys.stdin.isatty():
        raise CommandError(
            _("Which passphrase? Name --passphrase-file, or set {setting}.").format(
                setting="PAIFANG_PASSPHRASE"
            )
        )
    asked: str = typer.prompt(_("Passphrase"), hide_input=True, confirmation_prompt=confirm)
    return asked
