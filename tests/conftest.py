"""What every test may ask for: the level of the run, seeds, published vectors, tshark; and no silent skips in CI."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES = 50
QUICK_EXAMPLES = 10
LONG_EXAMPLES = 100_000
LONG_TIMEOUT_S = 3_600
SEED = pytest.StashKey[int]()
TESTS = Path(__file__).parent
WHOLE_RUNS = (
    "e2e/",
    "scenarios/",
    "cbke/test_attacks.py",
    "control/test_api.py",
    "control/test_cbke_cli.py",
    "control/test_gbcs_cli.py",
    "control/test_http.py",
    "control/test_replay_cli.py",
    "devices/bridge/test_power_cuts.py",
    "devices/bridge/test_supply.py",
    "devices/hub/test_offers.py",
    "devices/joining/test_key_establishment.py",
    "devices/light/test_light_device.py",
    "devices/test_update.py",
    "runtime/replay/test_recording.py",
    "runtime/test_charge.py",
    "runtime/test_exchange.py",
    "runtime/test_replaced_hub.py",
    "runtime/test_simulation.py",
    "test_house_tools.py",
    "transports/ezsp/check/",
    "transports/ezsp/test_backup_and_restore.py",
    "transports/ezsp/test_cancelled_frames.py",
    "transports/ezsp/test_conformance.py",
    "transports/ezsp/test_on_sticks.py",
    "transports/test_model_airtime.py",
)
"""Below `tests`: where nearly every test is a HAN or a command from its beginning to its end."""

# Without `--long` every run draws the same examples; a loaded machine must not fail a test for being slow.
settings.register_profile(
    "default",
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", settings.get_profile("default"), max_examples=QUICK_EXAMPLES)
settings.register_profile(
    "long",
    max_examples=LONG_EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("althan")
    group.addoption("--quick", action="store_true", help=f"no whole runs, {QUICK_EXAMPLES} examples of each property")
    group.addoption("--long", action="store_true", help=f"sweeps, and {LONG_EXAMPLES} examples of each property")
    group.addoption(
        "--seed", type=int, default=None, help="what the fixture `seed` gives, instead of one for each test"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--quick") and config.getoption("--long"):
        raise pytest.UsageError("--quick and --long exclude each other")
    settings.load_profile(next((level for level in ("long", "quick") if config.getoption(f"--{level}")), "default"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(TESTS).as_posix().startswith(WHOLE_RUNS):
            item.add_marker(pytest.mark.e2e)
        for name in ("tshark", "vectors"):
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(name)
        if config.getoption("--long") and config.pluginmanager.has_plugin("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_TIMEOUT_S))
    unwanted = _unwanted_markers(config)
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in unwanted)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _unwanted_markers(config: pytest.Config) -> tuple[str, ...]:
    if config.getoption("--quick"):
        return ("e2e", "long")
    return () if config.getoption("--long") else ("long",)


# --- seeds -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The root seed of this test: always the same one, unless `--seed` says otherwise; shown where the test fails."""
    chosen = request.config.getoption("--seed")
    if chosen is None:
        chosen = int.from_bytes(hashlib.sha256(request.node.nodeid.encode()).digest()[:4], "big")
    request.node.stash[SEED] = chosen
    return int(chosen)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and SEED in item.stash:
        report.sections.append(("seed", f"again: pytest {item.nodeid!r} --seed {item.stash[SEED]}"))
    return report


# --- what may be absent ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of published test vectors, which is not part of this repository."""
    named = os.environ.get("ALTHAN_VECTORS")
    if not named:
        pytest.skip("ALTHAN_VECTORS does not name a folder of published vectors")
    folder = Path(named)
    assert folder.is_dir(), f"ALTHAN_VECTORS: {folder} is no folder"
    return folder


@pytest.fixture(scope="session")
def tshark() -> str:
    """Path of Wireshark's command-line tool."""
    found = shutil.which("tshark")
    if found is None:
        pytest.skip("tshark is absent (Debian package tshark)")
    return found


def _forbidden_skips(config: pytest.Config) -> list[str]:
    """With ALTHAN_NO_SKIPS every skip fails the run, unless marked may_skip or with a word of ALTHAN_MAY_SKIP."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("ALTHAN_NO_SKIPS"):
        return []
    excused = {"may_skip", *os.environ.get("ALTHAN_MAY_SKIP", "").split()}
    return [
        f"{report.nodeid}: {report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr}"
        for report in reporter.stats.get("skipped", [])
        if excused.isdisjoint(getattr(report, "keywords", ()))
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    forbidden = _forbidden_skips(config)
    if forbidden:
        terminalreporter.section("skipped, and ALTHAN_NO_SKIPS is set: this fails the run", red=True)
        for line in forbidden:
            terminalreporter.line(line)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and _forbidden_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
