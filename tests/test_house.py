"""The rules of the house: who may import whom, what pure packages may not touch, and what lies where."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "emulator"
LONGEST_MODULE = 700

PURE_BELOW_RUNTIME = {"core", "ports", "zigbee", "image", "ota", "cbke", "gbcs", "devices", "faults"}
_TO_OTA = {"core", "ports", "zigbee", "image", "gbcs", "cbke", "ota"}
_BELOW_RUNTIME = _TO_OTA | {"devices", "transports", "ncp", "faults", "dcc", "observe"}

MAY_IMPORT = {
    "core": set(),
    "ports": {"core"},
    "zigbee": {"core", "ports"},
    "image": {"core"},
    "gbcs": {"core"},
    "cbke": {"core", "zigbee"},
    "ota": {"core", "zigbee", "image"},
    "devices": _TO_OTA,
    "transports": {"core", "ports", "zigbee"},
    "ncp": {"core", "ports", "zigbee"},
    "faults": {"core", "ports", "zigbee", "image", "ota", "gbcs"},
    "dcc": {"core", "gbcs", "image", "ports"},
    "observe": {"core"},
    "runtime": _BELOW_RUNTIME,
    "scenarios": _BELOW_RUNTIME | {"runtime"},
    "control": _BELOW_RUNTIME | {"runtime", "scenarios", ""},
    "pytest_plugin": _BELOW_RUNTIME | {"runtime", "scenarios", ""},
    "": _BELOW_RUNTIME | {"runtime", "scenarios", "control"},
}
"""Package -> the other packages of ours that it may import; `` is `emulator/__init__` and `__main__` themselves."""

OWNERS = {
    "bellows": ("emulator.transports", "emulator.ncp.tables"),
    "zigpy": ("emulator.transports",),
    "serialx": ("emulator.transports",),
    "universal_silabs_flasher": ("emulator.transports.flasher.silabs",),
    "typer": ("emulator.control",),
    "rich": ("emulator.control",),
    "fastapi": ("emulator.control.http",),
    "starlette": ("emulator.control.http",),
    "uvicorn": ("emulator.control.http",),
}
"""Third-party package -> the only modules of ours that may import it."""


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(module: str) -> str:
    """The package under `emulator` that a module belongs to."""
    name = [*module.split("."), ""][1]
    return "" if name == "__main__" else name


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def nodes_at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from nodes_at_run_time(child)


@cache
def imports_of(path: Path) -> set[str]:
    """Dotted names of all modules that a module imports, also inside functions; not to be changed."""
    found: set[str] = set()
    for node in nodes_at_run_time(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            found |= {_module_behind(node.module, alias.name) for alias in node.names}
    return found


def _module_behind(module: str, name: str) -> str:
    """`from package import name` imports a module or something inside one."""
    path = TOP.joinpath(*module.split("."), name)
    return f"{module}.{name}" if path.is_dir() or path.with_suffix(".py").is_file() else module


def is_inside(module: str, owners: tuple[str, ...]) -> bool:
    return any(module == owner or module.startswith(f"{owner}.") for owner in owners)


# --- imports ---------------------------------------------------------------------------------------------------------


def test_imports_go_downwards_only() -> None:
    wrong = [
        f"{module_of(path)} imports {imported}"
        for path in sources()
        for imported in sorted(imports_of(path))
        if imported.split(".")[0] == "emulator"
        and package_of(imported) not in MAY_IMPORT[package_of(module_of(path))] | {package_of(module_of(path))}
    ]
    assert wrong == []


def test_the_table_itself_has_no_circle() -> None:
    # `emulator/__init__` is on top and yet asked for its version by `control`, hence left out.
    graph = {package: below - {""} for package, below in MAY_IMPORT.items() if package}
    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {module_of(path) for path in sources()}
    graph = {module_of(path): imports_of(path) & names - {module_of(path)} for path in sources()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_third_party_packages_stay_with_their_owners() -> None:
    wrong = [
        f"{module_of(path)} imports {imported}"
        for path in sources()
        for imported in sorted(imports_of(path))
        if not is_inside(module_of(path), OWNERS.get(imported.split(".")[0], ("emulator",)))
    ]
    assert wrong == []


def test_a_package_holds_a_docstring_and_nothing_else() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        body = tree_of(path).body
        assert ast.get_docstring(tree_of(path)), path
        if path.parent != PACKAGE:
            assert len(body) == 1, f"{path}: no imports, no code"


# --- pure packages ---------------------------------------------------------------------------------------------------

FORBIDDEN_MODULES = {"asyncio", "logging", "sched", "selectors", "socket", "threading", "time", "uuid"}
FORBIDDEN_CALLS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "datetime.datetime.now",
    "os.urandom",
    "print",
}
STREAMS = "emulator.core.rng"
"""The one module that makes generators; everywhere else they are handed in."""


def pure_sources() -> list[Path]:
    folders = [*(PACKAGE / name for name in sorted(PURE_BELOW_RUNTIME)), PACKAGE / "transports" / "memory"]
    lines = PACKAGE / "ncp" / "lines"
    stick = [path for path in sorted((PACKAGE / "ncp").rglob("*.py")) if lines not in path.parents]
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))] + stick


@cache
def calls_of(path: Path) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)}


def test_pure_packages_have_no_clock_no_loop_and_no_log() -> None:
    wrong = [
        f"{module_of(path)}: {name}"
        for path in pure_sources()
        for name in sorted({name.split(".")[0] for name in imports_of(path)} & FORBIDDEN_MODULES)
    ]
    assert wrong == []
    assert [
        f"{path}: {calls_of(path) & FORBIDDEN_CALLS}" for path in pure_sources() if calls_of(path) & FORBIDDEN_CALLS
    ] == []


def test_pure_packages_draw_only_from_streams_handed_in() -> None:
    wrong = []
    for path in pure_sources():
        if module_of(path) == STREAMS:
            continue
        used = {ast.unparse(node) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute)}
        wrong += [f"{path}: {name}" for name in sorted(used) if name.startswith("random.") and name != "random.Random"]
        wrong += [f"{path}: {name}" for name in sorted(calls_of(path) & {"random.Random", "Random"})]
        wrong += [f"{path}: secrets" for name in imports_of(path) if name == "secrets"]
    assert wrong == []


# --- what lies where -------------------------------------------------------------------------------------------------

TOP_LEVEL = {"LICENSE", "README.md", "emulator", "firmware_images", "hw_profiles", "pyproject.toml", "tests", "tools"}


def ignored() -> set[str]:
    return {line.strip().rstrip("/") for line in (TOP / ".gitignore").read_text().splitlines()}


def project_files() -> Iterator[Path]:
    skipped = ignored() | {".git"}
    for path in sorted(TOP.rglob("*")):
        if path.is_file() and skipped.isdisjoint(path.relative_to(TOP).parts):
            yield path


def test_the_top_level_is_fixed() -> None:
    found = {path.name for path in TOP.iterdir() if not path.name.startswith(".")} - ignored()
    assert found == TOP_LEVEL
    assert (TOP / ".ci" / "run").is_file()


def test_no_module_is_longer_than_700_lines() -> None:
    paths = [path for folder in ("emulator", "tests", "tools") for path in (TOP / folder).rglob("*.py")]
    lengths = {str(path.relative_to(TOP)): len(path.read_text().splitlines()) for path in paths}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_nothing_names_the_place_it_was_written_in() -> None:
    # Put together here so that this file is not found itself.
    names = [f"{start}{end}".encode() for start, end in (("/", "work/"), ("../", "shared"))]
    allowed = {TOP / ".ci" / "run": names[1]}
    wrong = [
        str(path.relative_to(TOP))
        for path in project_files()
        for name in names
        if name in path.read_bytes() and allowed.get(path) != name
    ]
    assert wrong == []


@pytest.mark.parametrize("script", [".ci/run", "tools/althan", "tools/bench", "tools/lock", "tools/test"])
def test_scripts_can_be_run(script: str) -> None:
    assert (TOP / script).stat().st_mode & 0o111
    assert (TOP / script).read_text().startswith("#!")


@pytest.mark.parametrize(
    "lock", ["tools/requirements.lock", "tools/requirements-test.lock", "tests/e2e/sticks/zigpy_cli.lock"]
)
def test_a_lock_names_no_server_and_hashes_everything(lock: str) -> None:
    text = (TOP / lock).read_text()
    assert lock in (TOP / "tools" / "lock").read_text()
    assert "://" not in text
    assert "--index" not in text
    entries = [entry for entry in text.replace("\\\n", " ").splitlines() if "==" in entry]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
