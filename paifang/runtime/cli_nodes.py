"""The commands about nodes: `paifang node …` at a centre, `paifang join` at a venue host."""

from pathlib import Path
from typing import Annotated, Any

import typer

from paifang.runtime.cli_common import (
    Data,
    Database,
    Json,
    console,
    example,
    new_group,
    print_json,
    print_table,
    settings_from,
    shown_time,
    yes_or_no,
)
from paifang.runtime.late import desk_context, verb
from paifang.runtime.settings import SettingError
from paifang.runtime.words import _

NODES = "paifang.runtime.desk_verbs.nodes"
RESTORING = "paifang.runtime.desk_verbs.restoring"
JOINING = "paifang.runtime.desk_verbs.joining"

HostName = Annotated[str, typer.Argument(metavar="NAME", help=_("What the venue host is called."))]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help=_("Why, in a few words."))]


def add_node_commands(app: typer.Typer) -> None:
    """Add node and join to the command line."""
    group = new_group(app, "node", _("Venue hosts that joined this centre."))
    group.command(
        "code",
        help=_("Print a code, good for 10 minutes, by which a machine becomes a venue host."),
        epilog=example("paifang node code hall-3"),
    )(node_code)
    group.command(
        "accept",
        help=_("Let a machine join whose request was carried here, and write the answer."),
        epilog=example("paifang node accept request.json hall-3 --answer answer.json"),
    )(node_accept)
    group.command(
        "list", help=_("List the venue hosts."), epilog=example("paifang node list --json")
    )(node_list)
    group.command(
        "revoke",
        help=_("Withdraw a venue host: what it sends is refused from now on."),
        epilog=example("paifang node revoke hall-3 --reason stolen"),
    )(node_revoke)
    group.command(
        "settle",
        help=_("Say that two machines speaking as one host were seen to; the warning goes."),
        epilog=example("paifang node settle hall-3"),
    )(node_settle)
    group.command(
        "write-off",
        help=_("Say that a venue host will not report after this centre was restored."),
        epilog=example("paifang node write-off hall-3 --reason burnt"),
    )(node_write_off)
    app.command(
        "join",
        help=_(
            "Make this machine a venue host of a centre, by a code of “paifang node code”; or by "
            "files, where there is no line."
        ),
        epilog=example("paifang join https://tickets.example.org 7K3M9-QX2TB"),
    )(join)


def node_code(
    name: HostName, *, json: Json = False, data: Data = None, database: Database = None
) -> None:
    """Print a code for a machine that is to join, and what to type there."""
    settings = settings_from(data, database)
    with desk_context(settings):
        made: dict[str, Any] = verb(NODES, "code")(name, settings.public_url)
    if json:
        print_json(made)
        return
    console.print(_("At the venue host, within 10 minutes, once:"))
    words = f"paifang join {made['url']} {made['code']}"
    if made["fingerprint"]:
        words += f" --fingerprint {made['fingerprint']}"
    console.print(words, soft_wrap=True)


def node_accept(
    request: Annotated[
        Path, typer.Argument(metavar="REQUEST", help=_("What “paifang join --request” wrote."))
    ],
    name: HostName,
    *,
    answer: Annotated[Path, typer.Option(metavar="FILE", help=_("Where to write the answer."))],
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Let a machine join whose request was carried here."""
    with desk_context(settings_from(data, database)):
        verb(NODES, "accept")(request, name, answer)
    if json:
        print_json({"name": name, "answer": str(answer)})
        return
    console.print(_("{name} has joined. Carry {path} there.").format(name=name, path=answer))


def node_list(*, json: Json = False, data: Data = None, database: Database = None) -> None:
    """List the venue hosts with what they last told."""
    with desk_context(settings_from(data, database)):
        found: list[dict[str, Any]] = verb(NODES, "listed")()
    if json:
        print_json({"nodes": found})
        return
    print_table(
        _("Venue hosts"),
        [
            _("name"),
            _("heard"),
            _("waiting"),
            _("version"),
            _("withdrawn"),
            _("doubled"),
            _("node"),
        ],
        [
            (
                *(one["name"], shown_time(one["heard_ms"]), str(one["backlog"]), one["version"]),
                *(yes_or_no(one["revoked"]), yes_or_no(one["doubled"]), one["node"]),
            )
            for one in found
        ],
    )


def node_revoke(
    name: HostName, *, reason: Why = "", data: Data = None, database: Database = None
) -> None:
    """Withdraw a venue host."""
    with desk_context(settings_from(data, database)):
        verb(NODES, "revoke")(name, reason)
    console.print(_("{name} is withdrawn.").format(name=name))


def node_settle(
    name: HostName, *, reason: Why = "", data: Data = None, database: Database = None
) -> None:
    """Say that two machines speaking as one host were seen to."""
    with desk_context(settings_from(data, database)):
        verb(NODES, "settle")(name, reason)
    console.print(_("Noted for {name}.").format(name=name))


def node_write_off(
    name: HostName,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=_("Why."))],
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Say that a venue host will not report after a restore."""
    with desk_context(settings_from(data, database)):
        told: dict[str, Any] = verb(RESTORING, "write_off")(name, reason)
    if json:
        print_json(told)
    elif told["awaited"]:
        words = _("Noted for {name}. Still waited for: {names}")
        console.print(words.format(name=name, names=", ".join(told["awaited"])))
    else:
        console.print(_("Noted for {name}. This centre decides again.").format(name=name))


def join(
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help=_("The centre's address."), show_default=False),
    ] = None,
    code: Annotated[
        str | None,
        typer.Argument(metavar="CODE", help=_("The code made there."), show_default=False),
    ] = None,
    *,
    fingerprint: Annotated[
        str,
        typer.Option(metavar="SHA256", help=_("The number of the centre's own certificate.")),
    ] = "",
    certificate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=_("Certificates its HTTPS is checked by (PEM)."),
            show_default=False,
        ),
    ] = None,
    request: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help=_("Write a request to be carried there."), show_default=False
        ),
    ] = None,
    answer: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help=_("Take in the answer carried here."), show_default=False
        ),
    ] = None,
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Make this machine a venue host of a centre."""
    settings = settings_from(data, database)
    ways = (url is not None and code is not None, request is not None, answer is not None)
    if sum(ways) != 1:
        raise SettingError(_("Say URL and CODE, or --request FILE, or --answer FILE."))
    with desk_context(settings):
        if request is not None:
            verb(JOINING, "write_request")(request)
            told: dict[str, Any] = {"request": str(request)}
            words = _("Carry {path} to the centre: paifang node accept").format(path=request)
        else:
            centre = (
                verb(JOINING, "take_answer")(answer)
                if answer is not None
                else verb(JOINING, "join")(
                    url, code, certificate=certificate, fingerprint=fingerprint
                )
            )
            told = {"centre": centre.name, "node": centre.node, "host": centre.host}
            words = _("This machine is the venue host “{host}” of {name} now.").format(
                host=centre.host, name=centre.name
            )
    if json:
        print_json(told)
        return
    console.print(words, soft_wrap=True)
