"""`hub run` and `bridge run` without their command lines, on virtual sticks in this process and in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from emulator.control.live.bridge import run_bridge
from emulator.control.live.hub import run_hub
from emulator.control.live.plan import BridgePlan, HubPlan, StickPlan
from emulator.control.live.telling import Teller
from emulator.core.eui64 import Eui64
from emulator.core.events import Event
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.image.catalogue import find_recipe
from emulator.ncp.lines.memory import MemoryLine
from emulator.runtime.live.remote_bridge import RemoteBridge
from emulator.runtime.loop import run_virtual
from emulator.runtime.sticks.bench import BenchSettings, BenchStick, StickBench
from emulator.transports.ezsp.memory_line import offered
from emulator.transports.ezsp.uri import StickAddress

Test = Callable[[Path], Coroutine[object, object, None]]

CODE = bytes(range(16))
LIMIT_S = 3_600
OLD, NEW = 0x0001_0000, 0x0002_0000
_QUICK = "boot_time_s = 0.1\nverify_time_s = 0.1\nactivation_time_s = 0.1\n"


def virtually(test: Test) -> Callable[[Path], None]:
    """A test that is run in virtual time; nothing outside the process has a part in it."""

    def run(tmp_path: Path) -> None:
        run_virtual(test(tmp_path))

    run.__name__ = test.__name__
    return run


class Ear(Teller):
    """Remembers what it is told."""

    def __init__(self) -> None:
        super().__init__(as_json=True)
        self.events: list[Event] = []
        self.identity: dict[str, object] = {}

    def take(self, event: Event) -> None:
        self.events.append(event)

    def _introduce(self, fields: Mapping[str, object], lines: list[tuple[str, str]]) -> None:
        self.identity = dict(fields)
        assert all(text for _, text in lines)

    def _show(self, lines: list[str], facts: list[dict[str, object]]) -> None:
        """Nothing."""

    def of(self, kind: str) -> list[Event]:
        """The events of a kind."""
        return [event for event in self.events if event.kind == kind]


@dataclass(slots=True)
class Life:
    """One program run: its work, and what it told."""

    task: asyncio.Task[bool]
    ear: Ear

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something; what ended the program is raised."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                if self.task.done():
                    self.task.result()
                    raise AssertionError([(event.kind, event.reason) for event in self.ear.events])
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        """As a signal would."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@dataclass(slots=True)
class Rig:
    """Two sticks, and the folders of who is put on them."""

    folder: Path
    sticks: list[BenchStick]
    addresses: list[StickAddress]

    @property
    def bridge_eui64(self) -> Eui64:
        """Of the second stick."""
        return self.sticks[1].chip.eui64

    @property
    def profile(self) -> Path:
        """A bridge that is quick, in a file of its own."""
        path = self.folder / "quick.toml"
        if not path.exists():
            text = (Path(__file__).parents[3] / "hw_profiles" / "bridge-1.toml").read_text()
            path.write_text(text.replace("\n[endpoint]", f"{_QUICK}\n[endpoint]"))
        return path

    def image(self, octets: int = 5_000) -> Path:
        """An image for it."""
        path = self.folder / f"{octets}.zigbee"
        path.write_bytes(find_recipe("b1").build(size=octets).octets)
        return path

    def stick(self, index: int, **values: object) -> StickPlan:
        """What both plans have."""
        standards = Standards({"gbcs_get_interval": 0.5})
        chosen: dict[str, object] = {
            "state": self.folder / f"state-{index}", "pki": self.folder / "pki", "standards": standards, "once": True,
        }  # fmt: skip
        return StickPlan(self.addresses[index], **chosen | values)  # type: ignore[arg-type]  # passed on by name

    def hub(self, **values: object) -> Life:
        """A hub that lets the bridge in and has an image for it, on the first stick."""
        plan: dict[str, object] = {
            "stick": self.stick(0), "image": self.image(), "guests": (RemoteBridge(self.bridge_eui64, CODE),),
        }  # fmt: skip
        ear = Ear()
        return Life(asyncio.create_task(run_hub(HubPlan(**plan | values), ear)), ear)  # type: ignore[arg-type]

    def bridge(self, **values: object) -> Life:
        """A bridge on the second stick."""
        plan: dict[str, object] = {
            "stick": self.stick(1), "profile": str(self.profile), "install_code": CODE, "issue": True,
        }  # fmt: skip
        ear = Ear()
        return Life(asyncio.create_task(run_bridge(BridgePlan(**plan | values), ear)), ear)  # type: ignore[arg-type]


@asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[Rig]:
    """Two sticks in memory, on a real air in virtual time."""
    bench = StickBench(BenchSettings(), SeededStreams(5))
    async with AsyncExitStack() as stack:
        stack.callback(bench.close)
        addresses = []
        for _ in range(2):
            stick = bench.add()
            line = MemoryLine(stick.end, stick.enter)
            line.open()
            stack.callback(line.close)
            addresses.append(stack.enter_context(offered(line)))
        yield Rig(folder, bench.sticks, addresses)
