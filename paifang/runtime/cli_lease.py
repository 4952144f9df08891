"""The commands about leases: `paifang lease …` and `paifang sync`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from paifang.core.leases import Right
from paifang.runtime.cli_common import (
    Data,
    Database,
    Json,
    console,
    example,
    new_group,
    password_of,
    print_json,
    print_table,
    progress_bar,
    settings_from,
    shown_time,
)
from paifang.runtime.late import desk_context, verb
from paifang.runtime.settings import SettingError
from paifang.runtime.words import _

LEASES = "paifang.runtime.desk_verbs.leases"

SiteName = Annotated[str, typer.Argument(metavar="SITE", help=_("The site's short name."))]
Periods = Annotated[
    list[str], typer.Argument(metavar="PERIOD", help=_("A period's key; may be given again."))
]
Until = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help=_("When it ends, such as 2026-06-03T22:00+08:00; 12 hours after its days."),
    ),
]
LeaseName = Annotated[
    str, typer.Argument(metavar="LEASE", help=_("Its id, or how that begins; the only one."))
]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help=_("Why, in a few words."))]
Second = Annotated[str, typer.Option(metavar="NAME", help=_("The second person's user name."))]
Host = Annotated[str, typer.Option(metavar="NAME", help=_("At the centre: for which venue host."))]


def add_lease_commands(app: typer.Typer) -> None:
    """Add lease and sync to the command line."""
    group = new_group(
        app, "lease", _("Leases: which machine decides about which days of which site.")
    )
    group.command(
        "grant",
        help=_("At the centre: let a venue host decide about periods of a site."),
        epilog=example("paifang lease grant hall-3 expo-centre spring-fair"),
    )(lease_grant)
    group.command(
        "request",
        help=_("At a venue host: ask the centre for a lease; a person there decides."),
        epilog=example("paifang lease request expo-centre spring-fair"),
    )(lease_request)
    group.command(
        "status",
        help=_("Show leases; at a venue host also how the line is."),
        epilog=example("paifang lease status --json"),
    )(lease_status)
    group.command(
        "extend",
        help=_("At the centre: let a lease go on until later."),
        epilog=example("paifang lease extend 0190a0 --until 2026-06-04T22:00+08:00"),
    )(lease_extend)
    _add_failover(group)
    group.command(
        "return",
        help=_("At a venue host: give a lease back; from then on nothing is decided here."),
        epilog=example("paifang lease return"),
    )(lease_return)
    group.command(
        "export",
        help=_("Write a file for the other side, where there is no line."),
        epilog=example("paifang lease export stick/hall-3.paifang --host hall-3"),
    )(lease_export)
    group.command(
        "import",
        help=_("Take in a file of the other side; at the centre write the answer, too."),
        epilog=example("paifang lease import stick/up.paifang --answer stick/down.paifang"),
    )(lease_import)
    group.command(
        "line",
        help=_("At a venue host: show, or set, how good the line must be to be used."),
        epilog=example("paifang lease line --kbit 64 --loss 10"),
    )(lease_line)
    app.command(
        "sync",
        help=_("At a venue host: tell and hear now, and fetch what was granted."),
        epilog=example("paifang sync --data /srv/paifang"),
    )(sync)


def _add_failover(group: typer.Typer) -> None:
    group.command(
        "break",
        help=_(
            "At the centre: take a lease back without its host. What was admitted there and not "
            "told can be admitted again, so a second person signs with name and password."
        ),
        epilog=example("paifang lease break 0190a0 --second li.wei --reason 'host burnt'"),
    )(lease_break)
    group.command(
        "break-glass",
        help=_(
            "At a spare that reaches neither the host nor the centre: take over by the grant that "
            "was sealed for this. A second person signs with name and password."
        ),
        epilog=example("paifang lease break-glass --second li.wei --reason 'host burnt'"),
    )(lease_break_glass)
    group.command(
        "open",
        help=_(
            "At the host that takes over: show whose journals are missing; with --write-off open "
            "without them. What is admitted then is provisional, and those gates are withdrawn."
        ),
        epilog=example("paifang lease open --write-off north-2 --reason 'phone drowned'"),
    )(lease_open)


def _moment(text: str) -> int:
    """Return a time as UTC milliseconds, 0 for none. Raises SettingError."""
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingError(
            _("“{text}” is no time such as 2026-06-03T22:00+08:00.").format(text=text)
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _print_lease(told: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(told)
        return
    console.print(
        _("Lease {lease}: {site} {periods}, until {until} (UTC).").format(
            lease=told["lease"],
            site=told["site"],
            periods=" ".join(told["periods"]),
            until=shown_time(told["not_after_ms"]),
        ),
        soft_wrap=True,
    )


def lease_grant(
    host: Annotated[str, typer.Argument(metavar="HOST", help=_("The venue host."))],
    site: SiteName,
    period: Periods,
    *,
    right: Annotated[
        list[Right] | None,
        typer.Option(help=_("What it may do; may be given again. Admit and exchange, if none.")),
    ] = None,
    until: Until = "",
    spare: Annotated[
        str,
        typer.Option(
            metavar="HOST", help=_("Another host that gets a sealed grant, for an emergency.")
        ),
    ] = "",
    reason: Why = "",
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Let a venue host decide about periods of a site."""
    until_ms = _moment(until)
    with desk_context(settings_from(data, database)):
        usual = (Right.admit,) if spare else (Right.admit, Right.exchange)
        rights = tuple(right or usual)
        wanted = verb("paifang.services.desk.leases", "Wanted")(
            host, site, tuple(period), rights, until_ms, spare
        )
        told = verb(LEASES, "grant")(wanted, reason)
        verb(LEASES, "wait_prepared")(bytes.fromhex(told["lease"]))
    _print_lease(told | {"prepared": True}, json=json)


def lease_request(
    site: SiteName,
    period: Periods,
    *,
    until: Until = "",
    data: Data = None,
    database: Database = None,
) -> None:
    """Ask the centre for a lease."""
    until_ms = _moment(until)
    with desk_context(settings_from(data, database)):
        verb(LEASES, "ask")(site, period, until_ms)
    console.print(_("Asked with the next round; “paifang lease status” shows the answer."))


def lease_status(*, json: Json = False, data: Data = None, database: Database = None) -> None:
    """Show leases, and how the line is."""
    with desk_context(settings_from(data, database)):
        told: dict[str, Any] = verb(LEASES, "status")()
    if json:
        print_json(told)
        return
    if told["role"] == "host":
        line = told["line"]
        console.print(
            _(
                "{host} of {centre}: line {state}, last success {success}, {backlog} rows wait."
            ).format(
                host=told["host"],
                centre=told["centre"],
                state=_("up") if line["up"] else _("down ({error})").format(error=line["error"]),
                success=shown_time(line["success_ms"]),
                backlog=line["backlog"],
            ),
            soft_wrap=True,
        )
    print_table(
        _("Leases"),
        [_("lease"), _("host"), _("site"), _("periods"), _("state"), _("ends")],
        [
            (
                *(one["lease"], one["host"], one["site"], " ".join(one["periods"])),
                *(_lease_state(one), shown_time(one["not_after_ms"])),
            )
            for one in told["leases"]
        ],
    )
    for asked in told.get("asked", ()):
        console.print(
            _("{host} asks for {asked}").format(host=asked["host"], asked=asked["asked"]),
            soft_wrap=True,
        )


def _lease_state(told: dict[str, Any]) -> str:
    words = {
        "granted": _("being fetched"),
        "ready": _("runs"),
        "returned": _("given back"),
        "broken": _("broken"),
        "sealed": _("sealed"),
    }
    return words[told["state"]]


def lease_extend(
    lease: LeaseName,
    *,
    until: Until,
    reason: Why = "",
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Let a lease go on until later."""
    until_ms = _moment(until)
    with desk_context(settings_from(data, database)):
        told = verb(LEASES, "extend")(lease, until_ms, reason)
    _print_lease(told, json=json)


def lease_break(
    lease: LeaseName,
    *,
    second: Second,
    reason: Why,
    spare: Annotated[
        str,
        typer.Option(
            metavar="NAME", help=_("Another venue host that gets the same lease in the same act.")
        ),
    ] = "",
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Take a lease back without its host."""
    password = password_of(second)
    with desk_context(settings_from(data, database)):
        told = verb(LEASES, "break_")(lease, second, password, reason, spare)
        if spare:
            verb(LEASES, "wait_prepared")(bytes.fromhex(told["lease"]))
    _print_lease(told, json=json)


def lease_break_glass(
    lease: LeaseName = "",
    *,
    second: Second,
    reason: Why,
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Use a sealed grant."""
    password = password_of(second)
    with desk_context(settings_from(data, database)):
        told = verb(LEASES, "break_glass")(lease, second, password, reason)
    _print_lease(told, json=json)


def lease_open(
    lease: LeaseName = "",
    *,
    write_off: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TERMINAL", help=_("A gate that is given up; may be given again, once each.")
        ),
    ] = None,
    reason: Why = "",
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Show whose journals are missing, or open without them."""
    with desk_context(settings_from(data, database)):
        told: dict[str, Any] = verb(LEASES, "open_without")(lease, write_off or (), reason)
    if json:
        print_json(told)
        return
    if told["opened"]:
        console.print(
            _("This machine decides. Written off and withdrawn: {gates}").format(
                gates=" ".join(told["written_off"])
            )
        )
        return
    print_table(
        _("Gates"),
        [_("gate"), _("its journal")],
        [
            (one["name"], _("has come") if one["told"] else f"{one['taken']} / {one['parts']}")
            for one in told["gates"]
        ],
    )


def lease_return(
    lease: LeaseName = "",
    *,
    reason: Why = "",
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Give a lease back."""
    with desk_context(settings_from(data, database)):
        told = verb(LEASES, "give_back")(lease, reason)
    _print_lease(told, json=json)


def lease_line(
    *,
    loss: Annotated[
        int | None, typer.Option(metavar="PERCENT", help=_("Most loss; 0: not looked at."))
    ] = None,
    latency: Annotated[
        int | None,
        typer.Option(metavar="MS", help=_("Longest way there and back; 0: not looked at.")),
    ] = None,
    kbit: Annotated[
        int | None, typer.Option(help=_("Least throughput, kbit/s; 0: not looked at."))
    ] = None,
    bad: Annotated[
        int | None, typer.Option(help=_("Bad windows of 5 seconds that suspend it."))
    ] = None,
    good: Annotated[
        int | None, typer.Option(help=_("Good windows of 5 seconds after which it goes on."))
    ] = None,
    reason: Why = "",
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Show how good the line must be, or set it."""
    names = ("loss_percent", "latency_ms", "kbit", "bad_windows", "good_windows")
    typed = zip(names, (loss, latency, kbit, bad, good), strict=True)
    changes = {name: value for name, value in typed if value is not None}
    with desk_context(settings_from(data, database)):
        told: dict[str, Any] = verb(LEASES, "line")(changes, reason)
    if json:
        print_json(told)
        return
    limits = told["limits"]
    console.print(
        _("At most {loss} percent lost and {latency} ms both ways, at least {kbit} kbit/s.").format(
            loss=limits["loss_percent"], latency=limits["latency_ms"], kbit=limits["kbit"]
        )
    )
    console.print(
        _("Suspended after {bad} bad windows of 5 seconds, used after {good} good ones.").format(
            bad=limits["bad_windows"], good=limits["good_windows"]
        )
    )
    console.print(_("Now: {state}").format(state=_line_state(told)), soft_wrap=True)


def _line_state(told: dict[str, Any]) -> str:
    words = {
        "open": _("used"),
        "poor": _("too poor, suspended"),
        "down": _("down, or not good for long enough"),
    }
    figures = told["figures"]
    if not figures["at_ms"]:
        return words[told["state"]]
    shown = {name: "–" if value < 0 else value for name, value in figures.items()}
    return _("{state}; {loss} percent lost, {latency} ms, {kbit} kbit/s at {when}").format(
        state=words[told["state"]],
        loss=shown["loss_percent"],
        latency=shown["latency_ms"],
        kbit=shown["kbit"],
        when=shown_time(figures["at_ms"]),
    )


def lease_export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("Where to write it."))],
    *,
    host: Host = "",
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Write a file for the other side."""
    with desk_context(settings_from(data, database)):
        told: dict[str, Any] = verb(LEASES, "export")(file, host)
    if json:
        print_json(told)
        return
    console.print(_("Carry {path} to the other side.").format(path=file), soft_wrap=True)
    if told["left"]:
        console.print(
            _("{count} rows did not fit: carry the answer back, then export again.").format(
                count=told["left"]
            )
        )


def lease_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("What the other side wrote."))],
    *,
    answer: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=_("At the centre: where to write the answer."),
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Take in a file of the other side."""
    with (
        desk_context(settings_from(data, database)),
        progress_bar(_("Taking in")) as progress,
    ):
        told: dict[str, Any] = verb(LEASES, "take_in")(file, answer, progress)
    if json:
        print_json(told)
        return
    if "rows" in told:
        console.print(_("{rows} rows came in the file.").format(rows=told["rows"]))
    else:
        console.print(_("{count} leases were opened.").format(count=told["opened"]))
    if told.get("refused"):
        console.print(_("Not taken in: {codes}").format(codes=" ".join(told["refused"])))


def sync(*, json: Json = False, data: Data = None, database: Database = None) -> None:
    """Tell and hear now, and fetch what was granted."""
    with (
        desk_context(settings_from(data, database)),
        progress_bar(_("Fetching")) as progress,
    ):
        told: dict[str, Any] = verb(LEASES, "sync")(progress)
    if json:
        print_json(told)
        return
    console.print(
        _("Done in {rounds} rounds; {backlog} rows wait.").format(
            rounds=told["rounds"], backlog=told["backlog"]
        )
    )
