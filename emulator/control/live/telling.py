"""How `hub run` and `bridge run` tell what is going on: who the stick is, a line an event, and progress meanwhile."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

import typer

from emulator.control.live.narration import LINES, line_of
from emulator.control.live.opening import Opened
from emulator.control.live.plan import BridgePlan, HubPlan
from emulator.control.progress import ETA_FROM
from emulator.core.clock import SECOND
from emulator.core.eui64 import eui64_text
from emulator.core.events import Event
from emulator.ports.aps import NetworkSettings
from emulator.runtime.han import BridgeHandle, HubHandle
from emulator.runtime.identities import InstallCode
from emulator.runtime.live.download_times import Download, DownloadTimes
from emulator.runtime.live.hub import LiveHub
from emulator.runtime.live.run import LiveRun
from emulator.transports.ezsp.identity import StickIdentity
from emulator.zigbee.security.keys import complete_install_code

if TYPE_CHECKING:
    from rich.live import Live

_EVERY_S: Final = 5.0
"""Between two progress lines where stderr is no terminal, and between two progress objects."""
_WIDTH: Final = 13
_POWER: Final = ("hub.power", "bridge.power")


class Teller:
    """Prints on stdout what happens, on stderr how far it is.

    Args:
        as_json: one JSON object a line, for machines, and nothing on stderr.
        live: shows progress on a terminal; None where there is none.
    """

    def __init__(self, *, as_json: bool, live: Live | None = None) -> None:
        self._as_json = as_json
        self._live = live
        self._last = monotonic()
        self._is_off = False
        """What becomes of its stick from then on is nobody's concern."""

    def take(self, event: Event) -> None:
        """An event, told if people want to know of it."""
        if event.kind in _POWER:
            self._is_off = event.reason == "off"
        if event.kind not in LINES or (self._is_off and event.kind.startswith("stick.")):
            return
        if self._as_json:
            fields = {"event": event.kind, "at": event.at, "utc": _now(), "reason": event.reason, **event.fields}
            typer.echo(json.dumps(fields))
            return
        line = line_of(event)
        if line is not None:
            self._say(f"{datetime.now(UTC):%H:%M:%S}  {line}")

    def stopped(self) -> None:
        """It was told to stop, and has."""
        if self._as_json:
            typer.echo(json.dumps({"event": "stopped", "utc": _now()}))
        else:
            self._say("stopped; the same command goes on from here")

    # Who it is

    def introduce_hub(
        self, one: Opened, handle: HubHandle, network: NetworkSettings, plan: HubPlan, pki: Path
    ) -> None:  # fmt: skip
        """The hub, before it forms or goes on with its HAN."""
        guests = [eui64_text(guest.eui64) for guest in plan.guests]
        self._introduce(
            {
                **_stick(one),
                "device": {"kind": "hub", "profile": plan.profile, "chf": eui64_text(handle.entity_id)},
                "network": _network(network),
                "key_establishment": plan.stick.cbke,
                "may_join": guests,
                "image": None if plan.image is None else str(plan.image),
                "pki": str(pki),
                "state": str(one.state.folder),
                "start": one.kept.starts,
            },
            [
                *_stick_lines(one.port.identity, one),
                ("hub", f"profile {plan.profile}, CHF {eui64_text(handle.entity_id)}, {_cbke(plan.stick.cbke)}"),
                ("HAN", _network_text(network)),
                ("may join", ", ".join(guests) or "nobody (--allow EUI64=INSTALLCODE)"),
                ("image", "none" if plan.image is None else str(plan.image)),
                *_kept_lines(one, pki),
            ],
        )

    def introduce_bridge(
        self, one: Opened, handle: BridgeHandle, code: InstallCode, plan: BridgePlan, pki: Path
    ) -> None:  # fmt: skip
        """The bridge, before it sends anything: also what another hub needs to let it in, and would see of it."""
        profile, whole = handle.device.profile, complete_install_code(code.code).hex().upper()
        endpoint, eui64 = profile.endpoint, eui64_text(handle.eui64)
        in_clusters = [f"{cluster:04x}" for cluster in endpoint.in_clusters]
        out_clusters = [f"{cluster:04x}" for cluster in endpoint.out_clusters]
        shown = {
            "endpoint": endpoint.number,
            "profile_id": f"{profile.profile_id:04x}",
            "device_id": f"{endpoint.device_id:04x}",
            "in_clusters": in_clusters,
            "out_clusters": out_clusters,
        }
        product = f"manufacturer 0x{profile.manufacturer:04x}, image type 0x{profile.image_type:04x}"
        self._introduce(
            {
                **_stick(one),
                "device": {
                    "kind": profile.kind,
                    "profile": profile.name,
                    "version": handle.version,
                    "node": profile.node_type.value,
                    "joins_as": profile.han_device_type.name.lower(),
                },
                "install_code": whole,
                "link_key": code.key.hex(),
                "allow": f"{eui64}={whole}",
                "descriptor": shown,
                "key_establishment": plan.stick.cbke,
                "pki": str(pki),
                "state": str(one.state.folder),
                "start": one.kept.starts,
            },
            [
                *_stick_lines(one.port.identity, one),
                ("bridge", f"profile {profile.name}, version {handle.version}, {product}, {_cbke(plan.stick.cbke)}"),
                ("joins as", f"{profile.han_device_type.name}, {profile.node_type.value}"),
                ("install code", f"{whole} (with its CRC)"),
                ("link key", code.key.hex()),
                ("let it in", f"althan hub run --allow {eui64}={whole} ..."),
                (
                    "shows",
                    f"endpoint {shown['endpoint']}, profile 0x{shown['profile_id']}, device id 0x{shown['device_id']}",
                ),
                ("in clusters", " ".join(in_clusters) or "none"),
                ("out clusters", " ".join(out_clusters) or "none"),
                *_kept_lines(one, pki),
            ],
        )

    def _introduce(self, fields: Mapping[str, object], lines: list[tuple[str, str]]) -> None:
        if self._as_json:
            typer.echo(json.dumps({"event": "identity", "utc": _now(), **fields}))
        else:
            self._say("\n".join(f"{name:<{_WIDTH}} {text}" for name, text in lines))

    def _say(self, text: str) -> None:
        """On stdout; above the progress where both are on one terminal."""
        if self._live is not None and sys.stdout.isatty():
            self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(text)

    # How far it is

    def show_hub(self, run: LiveRun, work: LiveHub, times: DownloadTimes) -> None:
        """Progress of every guest."""
        lines, facts = [], []
        for guest in work.guests:
            download = times.of(guest.eui64)
            if download is not None and download.size:
                lines.append(f"{guest.name}  {_progress(download, run.now)}")
                facts.append({"device": guest.name, **_progress_facts(download, run.now)})
        self._show(lines, facts)

    def show_bridge(self, run: LiveRun, handle: BridgeHandle, times: DownloadTimes) -> None:
        """Progress of the bridge."""
        download = next((each for each in times.downloads.values() if each.size), None)
        if download is None:
            self._show([handle.stage] if self._live is not None else [], [])
        else:
            self._show([_progress(download, run.now)], [_progress_facts(download, run.now)])

    def _show(self, lines: list[str], facts: list[dict[str, object]]) -> None:
        if self._live is not None:
            from rich.text import Text

            self._live.update(Text("\n".join(lines)))
            return
        if not lines or monotonic() - self._last < _EVERY_S:
            return
        self._last = monotonic()
        if self._as_json:
            for each in facts:
                typer.echo(json.dumps({"event": "progress", "utc": _now(), **each}))
        else:
            typer.echo("\n".join(lines), err=True)


@contextmanager
def teller(*, as_json: bool) -> Iterator[Teller]:
    """A teller for as long as the block runs; nothing is left of its progress on a terminal afterwards."""
    if as_json or not sys.stderr.isatty():
        yield Teller(as_json=as_json)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    with Live(console=console, refresh_per_second=10, transient=True, redirect_stdout=False) as live:
        yield Teller(as_json=False, live=live)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _progress(download: Download, now: int) -> str:
    facts = _progress_facts(download, now)
    text = f"{facts['octets']:>7,} of {facts['size']:,} bytes {facts['percent']:>3}%, {facts['rate']:,.0f} bytes/s"
    if facts["octets"] == facts["size"]:
        return f"{text}, being verified"
    return text if facts["left_s"] is None else f"{text}, {facts['left_s']:,.0f} s to go"


def _progress_facts(download: Download, now: int) -> dict[str, object]:
    """Octets, percent, octets/s, and seconds to go where that can be believed."""
    fresh = min(download.blocks * download.block_octets, download.size - download.offset)
    octets = download.offset + fresh
    until = download.ended if octets == download.size else now
    span = until - (until if download.began is None else download.began)
    rate = fresh * SECOND / span if span else 0.0
    share = octets / download.size
    left = (download.size - octets) / rate if rate and share >= ETA_FROM else None
    return {
        "octets": octets,
        "size": download.size,
        "percent": int(100 * share),
        "rate": round(rate, 1),
        "left_s": None if left is None else round(left, 1),
    }


def _cbke(establishes: bool) -> str:
    return "establishes link keys (CBKE)" if establishes else "no key establishment"


def _network(network: NetworkSettings) -> dict[str, object]:
    return {
        "channel": network.channel,
        "pan_id": f"{network.pan_id:04x}",
        "extended_pan_id": eui64_text(network.extended_pan_id),
    }


def _network_text(network: NetworkSettings) -> str:
    return f"channel {network.channel}, PAN 0x{network.pan_id:04x}, extended {eui64_text(network.extended_pan_id)}"


def _stick(one: Opened) -> dict[str, object]:
    return {"port": one.address.text, "stick": one.port.identity.to_dict()}


def _stick_lines(stick: StickIdentity, one: Opened) -> Iterator[tuple[str, str]]:
    firmware = f"EmberZNet {stick.firmware}" if stick.firmware else "firmware not told"
    yield "stick", f"{one.address.text}, EZSP {stick.ezsp}, {firmware}"
    about = ", ".join(each for each in (stick.manufacturer, stick.board, stick.chip and f"chip {stick.chip}") if each)
    yield "chip", about or "not told"
    yield "EUI-64", eui64_text(stick.eui64)


def _kept_lines(one: Opened, pki: Path) -> Iterator[tuple[str, str]]:
    yield "PKI", str(pki)
    again = "new" if one.kept.starts == 1 else f"goes on, start {one.kept.starts}"
    yield "state", f"{one.state.folder} ({again})"
