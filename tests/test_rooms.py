"""The rooms import one another only downwards, and every contract that says so would notice.

Each test plants one breach in a copy of the tree and asks import-linter: a contract that stays
quiet about the breach it is there for is no contract.
"""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

# Contract, and the files (path below paifang/, source) that breach it.
BREACHES = [
    ("layers", {"core/planted.py": "import paifang.ledger"}),
    ("layers", {"services/planted.py": "import paifang.web"}),
    ("layers", {"store/planted.py": "import paifang.drivers"}),
    ("layers", {"sync/planted.py": "import paifang.store"}),
    ("layers", {"ninth/__init__.py": ""}),
    ("no-io-below", {"core/planted.py": "import asyncio"}),
    ("no-io-below", {"ledger/planted.py": "import socket"}),
    ("no-io-below", {"sync/planted.py": "from django.db import models"}),
    ("core-is-pure", {"core/planted.py": "import time"}),
    ("core-is-pure", {"core/planted.py": "from random import random"}),
    ("core-is-pure", {"core/planted.py": "import msgspec"}),
    ("drivers-and-store-see-core", {"drivers/planted.py": "import paifang.ledger"}),
    ("drivers-and-store-see-core", {"store/planted.py": "import paifang.sync"}),
    ("web-calls-services", {"web/live/planted.py": "import paifang.ledger"}),
    ("web-calls-services", {"web/desk/planted.py": "import paifang.drivers"}),
    ("live-without-django", {"web/live/planted.py": "import django"}),
    ("live-without-django", {"services/live/planted.py": "import paifang.store"}),
    (
        "live-without-django",
        {
            "services/planted.py": "from django.conf import settings",
            "services/live/planted.py": "import paifang.services.planted",
        },
    ),
    (
        "drivers-apart",
        {
            "drivers/one/__init__.py": "",
            "drivers/two/__init__.py": "import paifang.drivers.one",
        },
    ),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources and of the contracts."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copytree(
        ROOT / "paifang",
        copy / "paifang",
        ignore=shutil.ignore_patterns("static", "locale", "templates", "__pycache__"),
    )
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    completed = settings.replace(
        "modules = []", 'modules = ["paifang.drivers.one", "paifang.drivers.two"]'
    )
    (copy / "pyproject.toml").write_text(completed, encoding="utf-8")
    return copy


def lint(house: Path, contract: str) -> str:
    """Return what import-linter says about one contract."""
    said = subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo", "--contract", contract],
        cwd=house,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout + said.stderr


@pytest.mark.parametrize(("contract", "files"), BREACHES)
def test_a_planted_breach_is_reported(house: Path, contract: str, files: dict[str, str]) -> None:
    planted = [house / "paifang" / name for name in files]
    for path, source in zip(planted, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    try:
        said = lint(house, contract)
    finally:
        for path in planted:
            path.unlink()
            if path.name == "__init__.py":
                shutil.rmtree(path.parent)
    assert "1 broken" in said, said
    assert any(path.stem in said or path.parent.name in said for path in planted), said


def test_every_contract_has_a_planted_breach() -> None:
    assert {contract["id"] for contract in CONTRACTS} == {contract for contract, _ in BREACHES}


def test_every_driver_is_named_in_the_contract_that_keeps_drivers_apart() -> None:
    drivers = ROOT / "paifang/drivers"
    folders = {f"paifang.drivers.{path.parent.name}" for path in drivers.glob("*/__init__.py")}
    [apart] = [contract for contract in CONTRACTS if contract["id"] == "drivers-apart"]
    assert set(apart["modules"]) == folders


def test_core_imports_the_standard_library_only() -> None:
    for path in sorted((ROOT / "paifang/core").rglob("*.py")):
        for name in imported(path):
            top = name.split(".")[0]
            inside = name == "paifang.core" or name.startswith("paifang.core.")
            assert inside or top in sys.stdlib_module_names, f"{path.name} imports {name}"


@pytest.mark.parametrize("package", ["", "services", "web"])
def test_rooms_run_nothing_when_a_neighbour_is_imported(package: str) -> None:
    """Python runs a package's __init__ on the way to what lies in it; the graph does not show it.

    So nothing that services.live or web.live passes through may import Django behind their backs.
    """
    path = ROOT / "paifang" / package / "__init__.py"
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    assert all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        for statement in statements
    ), path


def imported(path: Path) -> set[str]:
    """Return the full names a module imports; relative imports are banned by ruff."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names
