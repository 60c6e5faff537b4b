"""Who is in a HAN, with which address and behind whom: put together from the events of a run, or from a served HAN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from emulator.core.clock import SECOND
from emulator.core.events import Event

HUB_SHORT = "0000"
HUB_KIND = "hub"
JOINED = frozenset({"bridge.joined", "device.joined"})
OUT = frozenset({"bridge.network-down", "device.network-down", "hub.network-down"})
POWER = frozenset({"bridge.power", "device.power", "hub.power"})
KEY_ESTABLISHED = "cbke.responder.established"
"""At the hub, where both have the key; `peer` is the device."""
CLASSIFIED = "hub.device-classified"
"""At a hub that took over a device log without types."""
TRUSTED = "trusted"
"""How the device log says that a device has a link key of its own, or that another one is taken for it."""


@dataclass(frozen=True, slots=True)
class MappedDevice:
    """One device.

    Attributes:
        name: in the events of the run.
        kind: `hub`, `bridge`, `ppmid`, `esme`, `gsme`, `ihd`, `cad` or `hcalcs`.
        eui64: 16 hex digits.
        short: address on the network, four hex digits; None where it never joined.
        parent: whom it joined through, by name; None for a hub, and for a device that never joined.
        on_network: whether it is on the network.
        reason: why it is not; None where it is, or where nothing was said.
        log_type: what the hub's device log has it as; None: it is not in the log, or not classed.
        log_standing: how far it has come in the log.
        key_established_s: seconds of the run at which its link key of its own was established; None: it has none.
    """

    name: str
    kind: str
    profile: str
    eui64: str
    short: str | None = None
    parent: str | None = None
    on_network: bool = False
    reason: str | None = None
    log_type: str | None = None
    log_standing: str | None = None
    key_established_s: float | None = None


@dataclass(frozen=True, slots=True)
class HanMap:
    """The devices of one HAN or several, in the order in which they were set up."""

    devices: tuple[MappedDevice, ...] = ()

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    def children(self, name: str) -> tuple[MappedDevice, ...]:
        """Whoever joined through that device."""
        return tuple(device for device in self.devices if device.parent == name)

    @property
    def roots(self) -> tuple[MappedDevice, ...]:
        """The hubs, and then whoever has no parent that is known."""
        hubs = tuple(device for device in self.devices if device.kind == HUB_KIND)
        return hubs + tuple(device for device in self.devices if device.parent is None and device.kind != HUB_KIND)


class HanMapper:
    """Takes the events of a run, one after another; `han_map` is how it stands then."""

    def __init__(self) -> None:
        self._devices: dict[str, MappedDevice] = {}
        self._keys: dict[str, dict[str, float]] = {}
        """When which hub and which device established a key, by the hub's name and the device's address."""

    def take(self, event: Event) -> None:
        """One event; those that say nothing of the map change nothing."""
        kind, name = event.kind, event.source
        if kind == "han.device":
            kind, profile, eui64 = (str(event.fields[key]) for key in ("device_kind", "profile", "eui64"))
            self._devices[name] = MappedDevice(name, kind, profile, eui64)
        elif name not in self._devices:
            return
        elif kind in JOINED:
            short, parent = str(event.fields["short"]), str(event.fields["parent"])
            self._change(name, short=short, parent=self._named(name, parent), on_network=True, reason=None)
        elif kind == "hub.network-up":
            self._change(name, short=HUB_SHORT, on_network=True, reason=None)
        elif kind in OUT or (kind in POWER and event.reason != "on"):
            self._change(name, on_network=False, reason=event.reason)
        elif kind == "hub.device-log":
            self._log(name, event.fields.get("devices"))
        elif kind == CLASSIFIED:
            self._classify(name, str(event.fields["device"]), str(event.fields["type"]))
        elif kind == KEY_ESTABLISHED:
            self._key(name, str(event.fields["peer"]), event.at / SECOND)

    @property
    def han_map(self) -> HanMap:
        """How it stands now."""
        return HanMap(tuple(self._devices.values()))

    def _change(self, name: str, **values: Any) -> None:  # noqa: ANN401 - any field of a device
        self._devices[name] = replace(self._devices[name], **values)

    def _named(self, name: str, short: str) -> str | None:
        """Who of the same HAN has that address; a hub that was replaced had it before the one that is there."""
        here = _han_of(name)
        found = [each for each in self._devices.values() if each.short == short and _han_of(each.name) == here]
        return next((each.name for each in (*(one for one in found if one.on_network), *found)), None)

    def _log(self, hub: str, lines: object) -> None:
        """The device log of a hub, as a whole."""
        told = (
            {str(line["device"]): line for line in lines if isinstance(line, dict)} if isinstance(lines, list) else {}
        )
        for name, device in self._devices.items():
            if _han_of(name) == _han_of(hub) and device.kind != HUB_KIND:
                line = told.get(device.eui64, {})
                standing = _text(line.get("standing"))
                self._change(
                    name,
                    log_type=_text(line.get("type")),
                    log_standing=standing,
                    key_established_s=self._key_of(hub, device.eui64) if standing == TRUSTED else None,
                )

    def _key(self, hub: str, eui64: str, at: float) -> None:
        """A hub and a device have a key of their own; the log has said so just before."""
        self._keys.setdefault(hub, {})[eui64] = at
        for device in self._with_address(hub, eui64):
            if device.log_standing == TRUSTED:
                self._change(device.name, key_established_s=at)

    def _classify(self, hub: str, eui64: str, log_type: str) -> None:
        """A hub has found out what a device of its log is."""
        for device in self._with_address(hub, eui64):
            self._change(device.name, log_type=log_type)

    def _with_address(self, hub: str, eui64: str) -> list[MappedDevice]:
        """The device of that hub's HAN that has this address; none if it is of no HAN here."""
        here = _han_of(hub)
        return [each for each in self._devices.values() if each.eui64 == eui64 and _han_of(each.name) == here]

    def _key_of(self, hub: str, eui64: str) -> float | None:
        """Whoever comes back under a key that the hub had kept has had it since it was established."""
        return self._keys.get(hub, {}).get(eui64)


def map_of_events(events: Iterable[Event]) -> HanMap:
    """How it stands after all these."""
    mapper = HanMapper()
    for event in events:
        mapper.take(event)
    return mapper.han_map


def map_of_served(han: Mapping[str, Any]) -> HanMap:
    """The HAN that `GET /api/han` answered; a key that an older program lacks is None."""
    names = {each.get("short"): each["name"] for each in han["devices"] if each.get("short")}
    return HanMap(tuple(_served(each, names) for each in han["devices"]))


def _served(device: Mapping[str, Any], names: Mapping[str, str]) -> MappedDevice:
    parent = device.get("parent")
    return MappedDevice(
        device["name"],
        device["kind"],
        device["profile"],
        device["eui64"],
        device.get("short"),
        None if parent is None else names.get(parent),
        device["on_network"],
        None,
        device.get("log_type"),
        device.get("log_standing"),
        device.get("key_established_s"),
    )


def _han_of(name: str) -> str:
    """What goes before the name of a device where a run has several HANs."""
    return name.rpartition("/")[0]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
