"""The style of the house, kept by a test instead of a document: this module reads the sources.

What the documents promise is checked in test_docs.py, who may import whom in test_rooms.py.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
POSITIONAL_MAX = 5

# Imports inside functions hide cycles; each that stays says what it buys. Path -> reason.
NESTED_IMPORTS: dict[str, str] = {}

# Calls in web that look like writes to the store and are none. (Path, method) -> reason.
NO_WRITES: dict[tuple[str, str], str] = {}
WRITES = frozenset(
    {
        *("save", "create", "update", "delete", "get_or_create", "update_or_create"),
        *("bulk_create", "bulk_update", "add", "set", "clear", "remove"),
    }
)
# These names are common outside Django too; they count where the receiver is a manager or query.
NEEDS_QUERY = frozenset({"add", "set", "clear", "remove", "update", "create"})

PYTHON = [
    *sorted(
        path
        for folder in ("paifang", "tests", "tools", "bench")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    ),
    ROOT / "hatch_build.py",
]
OTHER = sorted(
    path
    for folder, suffixes in (
        ("terminal/src", {".ts", ".svelte", ".css"}),
        ("paifang/web/desk", {".html", ".js", ".css"}),
    )
    for path in (ROOT / folder).rglob("*")
    if path.suffix in suffixes and "paifang/web/desk/static/terminal/" not in path.as_posix()
)
PRODUCT = [path for path in PYTHON if path.is_relative_to(ROOT / "paifang")]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            yield node


def inside_functions(tree: ast.AST, kind: type | tuple[type, ...]) -> Iterator[ast.stmt]:
    for function in ast.walk(tree):
        if isinstance(function, Function):
            for node in ast.walk(function):
                if isinstance(node, kind):
                    assert isinstance(node, ast.stmt)
                    yield node


def test_there_is_something_to_read() -> None:
    assert len(PRODUCT) > 8
    assert any(path.suffix == ".svelte" for path in OTHER)


def test_functions_fit_a_screen() -> None:
    long = [
        f"{name_of(path)}:{function.lineno} {function.name}: {lines} lines"
        for path in PYTHON
        for function in functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long


def test_files_have_one_subject() -> None:
    long = [
        f"{name_of(path)}: {lines} lines"
        for path in [*PYTHON, *OTHER]
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
    ]
    assert not long


def test_functions_take_few_positional_parameters() -> None:
    many = [
        f"{name_of(path)}:{function.lineno} {function.name}"
        for path in PYTHON
        for function in functions(path)
        if len([*function.args.posonlyargs, *function.args.args])
        > POSITIONAL_MAX + (first_name(function) in {"self", "cls"})
        # pytest asks a test for its fixtures by name, never by place.
        and not is_test_or_fixture(path, function)
    ]
    assert not many


def first_name(function: Function) -> str:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments[0].arg if arguments else ""


def is_test_or_fixture(path: Path, function: Function) -> bool:
    decorators = {ast.unparse(node).split("(")[0] for node in function.decorator_list}
    in_tests = path.is_relative_to(ROOT / "tests")
    return in_tests and (function.name.startswith("test_") or "pytest.fixture" in decorators)


def test_imports_stand_at_the_top() -> None:
    nested = {
        f"{name_of(path)}:{node.lineno} {ast.unparse(node)}"
        for path in PYTHON
        if name_of(path) not in NESTED_IMPORTS
        for node in inside_functions(parsed(path), (ast.Import, ast.ImportFrom))
    }
    assert not nested


def test_the_list_of_nested_imports_is_no_longer_than_needed() -> None:
    needed = {
        name_of(path)
        for path in PYTHON
        if any(inside_functions(parsed(path), (ast.Import, ast.ImportFrom)))
    }
    assert set(NESTED_IMPORTS) <= needed


@pytest.mark.parametrize("room", ["core", "ledger", "drivers"])
def test_what_strangers_call_is_documented(room: str) -> None:
    bare = [
        f"{name_of(path)}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'module')}"
        for path in sorted((ROOT / "paifang" / room).rglob("*.py"))
        for node in public(parsed(path))
        if not ast.get_docstring(node)
    ]
    assert not bare


def public(tree: ast.Module) -> Iterator[ast.Module | ast.ClassDef | Function]:
    """Yield the module, its public functions and classes, and their public methods.

    A protocol's properties are left out: they are its fields, and its own docstring tells of them.
    """
    yield tree
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_methods(node)


def public_methods(owner: ast.ClassDef) -> Iterator[Function]:
    is_protocol = any("Protocol" in ast.unparse(base) for base in owner.bases)
    for method in owner.body:
        if not isinstance(method, Function) or method.name.startswith("_"):
            continue
        decorators = {ast.unparse(node).split(".")[-1] for node in method.decorator_list}
        if "override" not in decorators and not (is_protocol and "property" in decorators):
            yield method


def test_nothing_is_left_for_later() -> None:
    word = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
    later = [
        f"{name_of(path)}:{number}"
        for path in [*PYTHON, *OTHER, ROOT / "Makefile", ROOT / "pyproject.toml"]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if word.search(line)
    ]
    assert not later


def test_web_never_writes() -> None:
    writes = [
        f"{name_of(path)}:{line} .{method}()"
        for path in sorted((ROOT / "paifang/web").rglob("*.py"))
        for line, method in store_writes(parsed(path))
        if (name_of(path), method) not in NO_WRITES
    ]
    assert not writes


def store_writes(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and method of every call that writes to the store, or looks like it."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        method, receiver = node.func.attr, ast.unparse(node.func.value)
        is_query = re.search(r"\bobjects\b|_set\b|\bfilter\(|\.all\(", receiver) is not None
        if method in WRITES and (method not in NEEDS_QUERY or is_query):
            yield node.lineno, method


@pytest.mark.parametrize(
    "source",
    [
        "ticket.save()",
        "Ticket.objects.create(name=name)",
        "Ticket.objects.filter(pk=1).update(name=name)",
        "Ticket.objects.all().delete()",
        "ticket.delete()",
        "gate.event_set.add(event)",
        "Ticket.objects.get_or_create(pk=1)",
    ],
)
def test_a_write_to_the_store_would_be_seen(source: str) -> None:
    assert [*store_writes(ast.parse(source))]


def test_what_only_looks_like_a_write_is_left_alone() -> None:
    source = "seen.add(1); digest.update(b''); task = loop.create(x); names.clear()"
    assert not [*store_writes(ast.parse(source))]


def test_no_page_knows_the_machine_it_was_written_on() -> None:
    homes = re.compile(r"(?<![\w.])/(?:home/\w|Users/\w|roo[t]/|wor[k]/)")
    found = [
        f"{name_of(path)}:{number}"
        for path in [*PYTHON, *OTHER, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if homes.search(line)
    ]
    assert not found
