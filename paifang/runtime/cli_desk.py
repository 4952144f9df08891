"""Commands on a data directory, with or without a server up: staff, terminals, lists."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from paifang.core.rules import Role, TerminalRole
from paifang.runtime.cli_common import (
    Data,
    Database,
    Json,
    console,
    example,
    new_group,
    print_json,
    print_table,
    progress_bar,
    settings_from,
    yes_or_no,
)
from paifang.runtime.late import desk_context, verb
from paifang.runtime.words import _, is_chinese

STAFF: Final = "paifang.runtime.desk_verbs.staff"
TERMINALS: Final = "paifang.runtime.desk_verbs.terminals"

Username = Annotated[str, typer.Argument(metavar="USERNAME", help=_("The user name."))]
TerminalName = Annotated[str, typer.Argument(metavar="NAME", help=_("The terminal's name."))]


def add_desk_commands(app: typer.Typer) -> None:
    """Add user, terminal and import to the command line."""
    users = new_group(app, "user", _("Members of staff."))
    users.command(
        "add",
        help=_(
            "Add a member of staff. Where nobody is there to type one, a password is made and "
            "printed."
        ),
        epilog=example("paifang user add li.wei --role steward --pin"),
    )(user_add)
    users.command(
        "password",
        help=_("Give somebody a new password, which ends every session they have."),
        epilog=example("paifang user password li.wei"),
    )(user_password)
    users.command(
        "card",
        help=_(
            "Let somebody sign on with a card: hold it to the reader, or type its number. A lost "
            "one goes with --remove."
        ),
        epilog=example("paifang user card li.wei"),
    )(user_card)
    users.command("list", help=_("List the staff."), epilog=example("paifang user list --json"))(
        user_list
    )
    terminals = new_group(app, "terminal", _("Terminals and their tokens."))
    terminals.command(
        "add",
        help=_("Add a terminal and print its token, this once."),
        epilog=example("paifang terminal add north-3 --gate north"),
    )(terminal_add)
    terminals.command(
        "pair",
        help=_("Print a code, good for 10 minutes, by which a device becomes a terminal."),
        epilog=example("paifang terminal pair north-3"),
    )(terminal_pair)
    terminals.command(
        "list", help=_("List the terminals."), epilog=example("paifang terminal list")
    )(terminal_list)
    terminals.command(
        "revoke",
        help=_("Revoke a terminal: from now on it is refused everywhere."),
        epilog=example("paifang terminal revoke north-3"),
    )(terminal_revoke)
    terminals.command(
        "export",
        help=_("Write all terminals to a file, for the spare that may take over."),
        epilog=example("paifang terminal export stick/terminals.json"),
    )(terminal_export)
    terminals.command(
        "import",
        help=_("At a spare: take in the terminals of the machine it stands behind."),
        epilog=example("paifang terminal import stick/terminals.json"),
    )(terminal_import)
    new_group(app, "import", _("Lists to tickets.")).command(
        "attendees",
        help=_(
            "Turn a list into tickets, also while the server runs. The same list twice changes "
            "nothing."
        ),
        epilog=example("paifang import attendees guests.xlsx --event spring-fair"),
    )(import_attendees)


def user_add(
    username: Username,
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help=_("The person's name."))] = "",
    role: Annotated[Role, typer.Option(help=_("What they may do."))] = Role.steward,
    pin: Annotated[
        bool, typer.Option("--pin", help=_("Give them a PIN for signing acts at a gate."))
    ] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Add a member of staff; without a terminal to type at, a password is made and printed."""
    password = _asked_password()
    with desk_context(settings_from(data, database)):
        shown = "" if password else verb(STAFF, "new_password")()
        made_pin = verb(STAFF, "add")(
            username,
            name=name or username,
            role=role,
            password=password or shown,
            with_pin=pin,
            language="zh-hans" if is_chinese() else "en",
        )
    console.print(_("{username} can sign in.").format(username=username))
    _print_secrets(password=shown, pin=made_pin)


def user_password(username: Username, *, data: Data = None, database: Database = None) -> None:
    """Give somebody a new password, which ends every session they have."""
    password = _asked_password()
    with desk_context(settings_from(data, database)):
        shown = "" if password else verb(STAFF, "new_password")()
        verb(STAFF, "set_password")(username, password or shown)
    console.print(_("{username} has a new password.").format(username=username))
    _print_secrets(password=shown, pin="")


def user_card(
    username: Username,
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help=_("Take all cards from them instead."))
    ] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Let somebody sign on with a card, or take all their cards away."""
    if remove:
        with desk_context(settings_from(data, database)):
            count: int = verb(STAFF, "remove_cards")(username)
        console.print(
            _("{count} cards taken from {username}.").format(count=count, username=username)
        )
        return
    card: str = typer.prompt(_("Card"), hide_input=True) if sys.stdin.isatty() else ""
    # A number is no option: the list of processes would show it to everybody on the machine.
    card = card or sys.stdin.readline().strip()
    with desk_context(settings_from(data, database)):
        verb(STAFF, "add_card")(username, card)
    console.print(_("{username} can sign on with this card.").format(username=username))


def user_list(*, json: Json = False, data: Data = None, database: Database = None) -> None:
    """List the staff."""
    with desk_context(settings_from(data, database)):
        found: list[dict[str, Any]] = verb(STAFF, "listed")()
    if json:
        print_json({"users": found})
        return
    print_table(
        _("Staff"),
        [_("user name"), _("name"), _("role"), _("PIN"), _("cards"), _("active")],
        [
            (
                *(u["username"], u["name"], u["role"]),
                *(yes_or_no(u["pin"]), str(u["cards"]), yes_or_no(u["active"])),
            )
            for u in found
        ],
    )


def terminal_add(
    name: TerminalName,
    *,
    role: Annotated[TerminalRole, typer.Option(help=_("What it is for."))] = TerminalRole.gate,
    gate: Annotated[
        list[str] | None,
        typer.Option(metavar="GATE", help=_("A gate it may stand at; may be given again.")),
    ] = None,
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Add a terminal and print its token, this once."""
    with desk_context(settings_from(data, database)):
        token: str = verb(TERMINALS, "add")(name, role=role, gates=gate or ())
    if json:
        print_json({"name": name, "role": role.value, "gates": gate or [], "token": token})
        return
    console.print(_("Token of {name}, shown this once:").format(name=name))
    console.print(token, soft_wrap=True)


def terminal_pair(
    name: TerminalName, *, json: Json = False, data: Data = None, database: Database = None
) -> None:
    """Print a code by which a device becomes a terminal, with its link as text and as QR."""
    with desk_context(settings_from(data, database)):
        made: dict[str, Any] = verb(TERMINALS, "pair")(name)
    if json:
        print_json({"name": name, **{key: made[key] for key in ("code", "link", "until_ms")}})
        return
    console.print(made["qr"], soft_wrap=True)
    console.print(made["link"], soft_wrap=True)
    console.print(
        _("Or open {page} and type {code}. Good for 10 minutes, once.").format(
            page=made["page"], code=made["code"]
        ),
        soft_wrap=True,
    )


def terminal_list(*, json: Json = False, data: Data = None, database: Database = None) -> None:
    """List the terminals."""
    with desk_context(settings_from(data, database)):
        found: list[dict[str, Any]] = verb(TERMINALS, "listed")()
    if json:
        print_json({"terminals": found})
        return
    print_table(
        _("Terminals"),
        [_("name"), _("role"), _("gates"), _("revoked")],
        [(t["name"], t["role"], " ".join(t["gates"]), yes_or_no(t["revoked"])) for t in found],
    )


def terminal_revoke(name: TerminalName, *, data: Data = None, database: Database = None) -> None:
    """Revoke a terminal: from now on it is refused everywhere."""
    with desk_context(settings_from(data, database)):
        verb(TERMINALS, "revoke")(name)
    console.print(_("{name} is revoked.").format(name=name))


def terminal_export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("Where to write them."))],
    *,
    data: Data = None,
    database: Database = None,
) -> None:
    """Write all terminals to a file."""
    with desk_context(settings_from(data, database)):
        count: int = verb(TERMINALS, "export")(file)
    console.print(_("{count} terminals written. Import the file at the spare.").format(count=count))


def terminal_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("What the host wrote."))],
    *,
    data: Data = None,
    database: Database = None,
) -> None:
    """Take in the terminals of another machine."""
    with desk_context(settings_from(data, database)):
        count: int = verb(TERMINALS, "take_in")(file)
    console.print(_("{count} terminals are known here now.").format(count=count))


def import_attendees(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=_("The list: CSV or XLSX."), dir_okay=False)
    ],
    *,
    event: Annotated[str, typer.Option(metavar="SLUG", help=_("The event."))],
    product: Annotated[
        str, typer.Option(metavar="NAME", help=_("The ticket type of rows that name none."))
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=_("Check everything, import nothing."))
    ] = False,
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Turn a list into tickets, also while the server runs. The same list twice changes nothing."""
    with (
        desk_context(settings_from(data, database)),
        progress_bar(_("Reading the list") if dry_run else _("Importing")) as progress,
    ):
        report = verb("paifang.runtime.desk_verbs.attendees", "run")(
            file, event=event, product=product, dry_run=dry_run, progress=progress
        )
    names = ("rows", "created", "unchanged", "updated", "rejected")
    counts = {name: getattr(report, name) for name in names}
    errors = str(report.errors_file) if report.errors_file else ""
    if json:
        print_json({**counts, "dry_run": dry_run, "errors_file": errors})
        return
    console.print(
        _(
            "{rows} rows: {created} created, {unchanged} unchanged, {updated} updated, "
            "{rejected} rejected."
        ).format(**counts)
    )
    if errors:
        console.print(
            _("The rejected rows stand in {path}, with a reason each.").format(path=errors),
            soft_wrap=True,
        )


def _asked_password() -> str:
    """Return a password typed twice, "" where nobody is there to type one."""
    if not sys.stdin.isatty():
        return ""
    asked: str = typer.prompt(_("Password"), hide_input=True, confirmation_prompt=True)
    return asked


def _print_secrets(*, password: str, pin: str) -> None:
    if password or pin:
        print_table(_("Shown this once"), [_("password"), _("PIN")], [(password, pin)])
