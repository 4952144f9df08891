"""What the documents say is so: limits, settings, reasons, capabilities, links.

Reference pages are tables whose first column names the thing in backticks; a page that names too
little, too much or a stale value fails here.
"""

import ast
import re
from pathlib import Path

import pytest

from paifang.core import limits
from paifang.core.reasons import NEVER_OVERRIDDEN, WORDS, Reason, Verdict, verdict_of
from paifang.core.rules import Role
from paifang.services.desk.permissions import ALLOWED, Act

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/reference"

# The contract's list, repeated here on purpose: codes are added, never renamed.
CONTRACT_REASONS = """
    ok re_entry already_used already_inside not_inside recorded_not_opened unknown forged copied
    code_too_old void refunded unpaid exchange_required already_exchanged sold_out not_yet_valid
    expired wrong_gate wrong_zone wrong_session limit_reached capacity_reached identity_mismatch
    identity_required needs_supervisor blocked held_elsewhere not_ready offline_not_allowed
    clock_off malformed
""".split()  # noqa: SIM905 - a list of words reads like the contract

CAPABILITIES = [
    f"{letter}{number}"
    for letter, last in (("A", 8), ("B", 10), ("C", 13), ("D", 13), ("E", 6), ("F", 7))
    for number in range(1, last + 1)
]
STATES = ("works", "partly", "not yet")


def table(path: Path) -> dict[str, list[str]]:
    """Return the rows of a page's tables: the name in backticks or bold, and the other cells."""
    rows: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        name = re.fullmatch(r"`([^`]+)`|\*\*([^*]+)\*\*", cells[0])
        if line.startswith("|") and name:
            key = name.group(1) or name.group(2)
            assert key not in rows, f"{path.name} has {key} twice"
            rows[key] = cells[1:]
    return rows


def test_every_limit_is_documented_with_its_value() -> None:
    documented = {
        name: int(cells[0].replace(",", ""))
        for name, cells in table(REFERENCE / "limits.md").items()
    }
    assert documented == {name: value for name, value in vars(limits).items() if name.isupper()}
    assert all(cells[1] for cells in table(REFERENCE / "limits.md").values())


def test_every_setting_is_documented() -> None:
    known = {
        node.value
        for path in (ROOT / "paifang").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"PAIFANG_[A-Z_]+", node.value)
    }
    documented = table(REFERENCE / "settings.md")
    assert set(documented) == known
    assert all(cells[-1] for cells in documented.values())


def test_the_reasons_are_the_contracts() -> None:
    assert [reason.value for reason in Reason] == CONTRACT_REASONS
    assert set(WORDS) == set(Reason)


def test_every_reason_is_documented_as_it_is() -> None:
    documented = table(REFERENCE / "reasons.md")
    assert list(documented) == CONTRACT_REASONS
    for reason in Reason:
        shows, overridable, *words = documented[reason.value]
        verdict = verdict_of(reason)
        assert shows == verdict.value, reason
        may = "no" if reason in NEVER_OVERRIDDEN else "yes"
        assert overridable == ("–" if verdict is Verdict.admit else may), reason
        assert tuple(cell.split("<br>")[0] for cell in words) == WORDS[reason], reason


def capabilities() -> dict[str, list[str]]:
    return table(ROOT / "docs/capabilities.md")


def test_the_table_of_roles_is_documented_as_it_is_asked() -> None:
    told = {name: cells[1:] for name, cells in table(REFERENCE / "roles.md").items()}
    roles = {name for name in told if name in list(Role)}
    assert roles == {role.value for role in Role}
    assert {name: cells for name, cells in told.items() if name not in roles} == {
        act.value: ["yes" if role in ALLOWED[act] else "–" for role in Role] for act in Act
    }


def test_every_capability_has_an_honest_state() -> None:
    rows = capabilities()
    assert list(rows) == CAPABILITIES
    for row, (what, state, missing, shown_by) in rows.items():
        assert what, row
        assert state in STATES, row
        assert bool(missing) == (state == "partly"), f"{row}: only a partly says what is missing"
        assert bool(shown_by) == (state != "not yet"), f"{row}: what works is shown by a test"


@pytest.mark.parametrize("row", CAPABILITIES)
def test_the_tests_that_show_a_capability_exist(row: str) -> None:
    shown_by = capabilities()[row][3]
    names = re.findall(r"`([^`]+)`", shown_by)
    assert bool(names) == bool(shown_by)
    for name in names:
        file, _, function = name.partition("::")
        path = ROOT / file
        assert path.is_relative_to(ROOT / "tests") or path.suffix == ".ts", name
        assert path.is_file(), name
        if function:
            assert re.search(rf"\bdef {re.escape(function)}\(", path.read_text("utf-8")), name


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert not dead
