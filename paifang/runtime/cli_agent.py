"""`paifang agent`: the process that drives a lane."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from paifang.runtime.agent import Agent, read_config, show_line
from paifang.runtime.cli_common import example
from paifang.runtime.words import _


def add_agent_command(app: typer.Typer) -> None:
    """Add agent to the command line."""
    app.command(
        "agent",
        help=_("Drive a lane: scans come in as lines, verdicts go out as lines of JSON."),
        epilog=example("paifang agent --config lane.toml"),
    )(agent)


def agent(
    *,
    config: Annotated[
        Path,
        typer.Option("--config", metavar="FILE", help=_("Host, token, gate and store, as TOML.")),
    ],
    scans: Annotated[
        Path | None,
        typer.Option(
            "--scans",
            metavar="FILE",
            help=_("A file of scans; else they are read from standard input."),
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve until the scans end and nothing is left to ask."""
    running = Agent(read_config(config), show_line(sys.stdout))
    try:
        if scans is None:
            running.run(sys.stdin)
        else:
            with scans.open(encoding="utf-8") as script:
                running.run(script)
    finally:
        running.close()
