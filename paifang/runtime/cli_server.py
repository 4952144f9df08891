"""The commands that set up and run the server: serve, demo, init."""

import os
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, NoReturn

import msgspec
import typer

from paifang.runtime.cli_common import (
    Data,
    Database,
    aside,
    console,
    example,
    print_table,
    progress_bar,
    settings_from,
)
from paifang.runtime.data_directory import DataDirectory, open_data, read_demo
from paifang.runtime.late import desk_context, verb
from paifang.runtime.reach import reach_of
from paifang.runtime.settings import (
    Only,
    Role,
    Settings,
    process_environment,
)
from paifang.runtime.words import _, is_chinese
from paifang.services.live.files import write_file

EVENT_SIZE_MAX: Final = 1_000_000


class OnlyOne(StrEnum):
    """Which of the two processes to start alone."""

    live = "live"
    desk = "desk"


Bind = Annotated[
    str | None,
    typer.Option(
        "--bind",
        metavar="HOST:PORT",
        help=_("Where plain HTTP is served (127.0.0.1:8000)."),
        show_default=False,
    ),
]
Tls = Annotated[
    str | None,
    typer.Option(
        "--tls",
        metavar="auto|off|CERT,KEY",
        help=_("HTTPS with the venue's own certificate (auto), none, or yours."),
        show_default=False,
    ),
]
TlsBind = Annotated[
    str | None,
    typer.Option(
        "--tls-bind",
        metavar="HOST:PORT",
        help=_("Where HTTPS is served (every address, 443 above the plain port: 8443)."),
        show_default=False,
    ),
]
Mdns = Annotated[
    bool | None,
    typer.Option(
        "--mdns/--no-mdns",
        help=_("Announce the venue's name on the network, so that phones find it."),
        show_default=False,
    ),
]


def add_server_commands(app: typer.Typer) -> None:
    """Add serve, demo and init to the command line."""
    app.command(
        help=_("Run the server until it is stopped."),
        epilog=example("paifang serve --data /srv/paifang --bind 0.0.0.0:8000"),
    )(serve)
    app.command(
        help=_("Serve a demonstration, made in DIR unless it is there already."),
        epilog=example("paifang demo --data data/demo --bind 127.0.0.1:8000"),
    )(demo)
    app.command(
        help=_(
            "Set up an empty data directory: keys and both databases. The first manager is made in "
            "a browser, by the link that is printed, or here with --username."
        ),
        epilog=example("paifang init --data /srv/paifang"),
    )(init)


def serve(
    *,
    data: Data = None,
    role: Annotated[
        Role | None,
        typer.Option(
            help=_(
                "centre: venue hosts join it. venue: it joins a centre (paifang join). all, unless "
                "said otherwise: either."
            ),
            show_default=False,
        ),
    ] = None,
    database: Database = None,
    bind: Bind = None,
    tls: Tls = None,
    tls_bind: TlsBind = None,
    mdns: Mdns = None,
    only: Annotated[
        OnlyOne | None,
        typer.Option(
            help=_("Start only the gates' process, or only the desk's, to scale them apart."),
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the server until it is stopped."""
    settings = settings_from(
        data,
        database,
        bind=bind,
        tls=tls,
        tls_bind=tls_bind,
        mdns=_switched(mdns),
        role=role.value if role else None,
        only=only.value if only else None,
    )
    open_data(settings.data)
    become_server(settings)


def demo(
    *,
    data: Data = None,
    bind: Bind = None,
    event_size: Annotated[
        int,
        typer.Option(
            min=1, max=EVENT_SIZE_MAX, help=_("How many tickets the demonstration has sold.")
        ),
    ] = 500,
    database: Database = None,
    tls: Tls = None,
    tls_bind: TlsBind = None,
    mdns: Mdns = None,
) -> None:
    """Serve a demonstration, made in DIR unless it is there already."""
    settings = settings_from(
        data, database, bind=bind, tls=tls, tls_bind=tls_bind, mdns=_switched(mdns)
    )
    directory = open_data(settings.data)
    if directory.demo.exists():
        told = _moved_demo(directory, settings)
    else:
        with desk_context(settings), progress_bar(_("Issuing tickets")) as progress:
            told = verb("paifang.services.desk.demo", "build_demo")(
                base_url=settings.base_url, tickets=event_size, progress=progress
            )
    _print_demo(told, settings, directory)
    become_server(settings)


def init(
    *,
    data: Data = None,
    username: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=_("Make the first manager here, with this user name and a printed password."),
            show_default=False,
        ),
    ] = "",
    database: Database = None,
) -> None:
    """Set up an empty data directory; a first manager by the link, or here by name."""
    settings = settings_from(data, database)
    with desk_context(settings):
        staff = "paifang.runtime.desk_verbs.staff"
        if any(user["role"] == "manager" for user in verb(staff, "listed")()):
            console.print(_("{path} is set up already.").format(path=settings.data))
            return
        link = verb("paifang.services.desk.first_run", "link")(settings.base_url)
        if link and not username:
            console.print(_("Start the server: paifang serve"))
            console.print(_("Then set up in a browser: {link}").format(link=link), soft_wrap=True)
            return
        password = verb(staff, "new_password")()
        add_manager = verb(staff, "add_manager")
        username = username or "manager"
        pin = add_manager(username, password=password, language="zh-hans" if is_chinese() else "en")
    print_table(
        _("First manager (shown this once)"),
        [_("user name"), _("password"), _("PIN")],
        [(username, password, pin)],
    )


def _switched(given: bool | None) -> str | None:  # noqa: FBT001 - an option, as it was given
    return None if given is None else "on" if given else "off"


def become_server(settings: Settings) -> NoReturn:
    """Turn this process into the server's first one, without what the command line loaded."""
    module = "paifang.runtime.desk" if settings.only is Only.desk else "paifang.runtime.live"
    environment = {**process_environment(), **settings.to_environment()}
    # Arenas of the C library's allocator keep memory for each thread; two are enough.
    environment.setdefault("MALLOC_ARENA_MAX", "2")
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-P", "-m", module], environment)  # noqa: S606 - ourselves


def _moved_demo(directory: DataDirectory, settings: Settings) -> Mapping[str, Any]:
    """Return the demonstration that is there, told where it is served this time."""
    told = read_demo(directory)
    if told["base_url"] != settings.base_url:
        told["base_url"] = settings.base_url
        write_file(directory.demo, msgspec.json.format(msgspec.json.encode(told), indent=1))
    return told


def _print_demo(told: Mapping[str, Any], settings: Settings, directory: DataDirectory) -> None:
    pages: list[Sequence[str]] = [
        (_("start page"), f"{settings.base_url}/"),
        (_("programs' interface"), f"{settings.base_url}/api/v1/docs"),
        (_("repair of data"), f"{settings.base_url}/desk/repair/"),
    ]
    reach = reach_of(settings, directory)
    if reach.origin:
        pages.append((_("for phones"), f"{reach.origin}/"))
    if reach.origin_by_address:
        pages.append((_("for phones, by address"), f"{reach.origin_by_address}/"))
    if reach.enrolment:
        pages.append((_("setting up a phone"), reach.enrolment))
    print_table(_("Pages"), [_("page"), _("address")], pages)
    print_table(
        _("Log-ins"),
        [_("role"), _("user name"), _("password"), _("PIN")],
        [
            [str(member[name] or "") for name in ("role", "username", "password", "pin")]
            for member in told["staff"]
        ],
    )
    print_table(
        _("Terminals"),
        [_("name"), _("role"), _("gate"), _("token")],
        [
            [str(terminal[name] or "") for name in ("name", "role", "gate", "token")]
            for terminal in told["terminals"]
        ],
    )
    aside.print(
        _("All of it stands in {path}. Ctrl-C stops the server.").format(
            path=settings.data / "demo.json"
        ),
        soft_wrap=True,
    )
