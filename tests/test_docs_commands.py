"""Every command and every benchmark is documented, and the documents name no others."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import typer.main
from typer.core import TyperGroup, TyperOption

import bench.__main__
from paifang.runtime.cli import app

REFERENCE = Path(__file__).resolve().parent.parent / "docs/reference"


@cache
def commands() -> dict[str, Any]:
    """Return every command of the command line that does something, by its full words."""
    found: dict[str, Any] = {}

    # Typer carries a command library of its own in some versions, so only its classes are named.
    def walk(command: Any, words: str) -> None:
        if isinstance(command, TyperGroup):
            for name, inner in command.commands.items():
                walk(inner, f"{words} {name}")
        elif not command.hidden:
            found[words] = command

    walk(typer.main.get_command(app), "paifang")
    return found


def sections(path: Path) -> dict[str, str]:
    """Return a page's parts by their `## heading`."""
    parts = re.split(r"^## +", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        heading.strip().strip("`"): body for heading, _, body in (p.partition("\n") for p in parts)
    }


def test_every_command_is_documented() -> None:
    assert set(sections(REFERENCE / "commands.md")) == set(commands())


def test_every_parameter_of_a_command_is_documented() -> None:
    pages = sections(REFERENCE / "commands.md")
    missing = [
        f"{words} {name}"
        for words, command in commands().items()
        for parameter in command.params
        if not getattr(parameter, "hidden", False)
        for name in (
            parameter.opts[:1]
            if isinstance(parameter, TyperOption)
            else [(parameter.metavar or parameter.name or "").upper()]
        )
        if f"`{name}" not in pages[words]
    ]
    assert not missing


def test_every_command_has_an_example_in_its_help() -> None:
    without = [
        words
        for words, command in commands().items()
        if words not in f"{command.help or ''} {command.epilog or ''}"
    ]
    assert not without


def test_every_benchmark_is_documented() -> None:
    assert set(sections(REFERENCE / "benchmarks.md")) == set(bench.__main__.BENCHES)
