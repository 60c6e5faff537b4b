"""What people are told of the events of a hub or a bridge on a stick: a line for each that they want to know of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.core.errors import DecodeError
from emulator.core.events import Event
from emulator.gbcs.describe import describe
from emulator.gbcs.message import Message

Line = Callable[[Event], str | None]

_ACTIVATION_ALERT: Final = "8f8b"
_VERSION_READ: Final = "0129"
_LET_IN_UNDER: Final = {
    "install-code": "under the key of its install code (--allow names it)",
    "established": "under the link key that it has with this hub",
    "historic": "under the link key that it had before it was removed",
    "restored": "under the link key that it had with the hub before",
}
_WHY_NOT: Final = {
    "unknown-device": "no --allow names it",
    "not-in-log": "no --allow names it",
    "no-link-key": "it came back without a key that this hub has for it",
    "join-timeout-over": "its time to join is over",
    "joining-disabled": "joining is disabled",
    "log-full": "the device log is full",
    "type1-limit-reached": "there are as many Type 1 devices as may be",
}
_SIDES: Final = (("ours_s", "this side"), ("link_s", "the link"), ("theirs_s", "the other side"))


def line_of(event: Event) -> str | None:
    """What to tell of an event; None for what is only for the log."""
    teller = LINES.get(event.kind)
    return None if teller is None else teller(event)


def _text(event: Event, name: str) -> str:
    return str(event.fields.get(name, "?"))


def _device(event: Event) -> str:
    return _text(event, "device")


def _because(event: Event) -> str:
    return "" if event.reason is None else f": {event.reason}"


def _let_in(event: Event) -> str:
    under = event.reason or ""
    return f"{_device(event)} knocked and was let in {_LET_IN_UNDER.get(under, under)}"


def _kept_out(event: Event) -> str:
    reason = event.reason or "?"
    words = f" ({_WHY_NOT[reason]})" if reason in _WHY_NOT else ""
    return f"{_device(event)} knocked and was kept out: {reason}{words}"


def _probed(event: Event) -> str:
    partner = _text(event, "partner")
    if event.reason is None:
        return f"the link key with {partner} works at the stick, both ways"
    remedy = "try another --set keys.method=... (trust-centre-link, link-table)"
    return f"the link key with {partner} does not work at the stick ({event.reason}): {remedy}"


def _image(event: Event) -> str:
    status = _text(event, "status")
    words = {
        "queued": "the image waits for its turn for",
        "offered": "the image is offered to",
        "transferred": "the whole image is with",
        "failed": "the image will not be with",
    }
    return f"{words.get(status, status)} {_device(event)}{_because(event)}"


def _expected(event: Event) -> str:
    whose = f" of {_device(event)}" if "device" in event.fields else ""
    fields = event.fields
    parts = [f"air {_seconds(fields['air_s'])}"]
    parts += [f"serial line {_seconds(fields['serial_s'])}"] if fields["serial_s"] else []
    parts += [f"pacing {_seconds(fields['pacing_s'])}"] if fields["pacing_s"] else []
    blocks = f"{fields['blocks']:,} blocks of {fields['block_octets']} octets"
    return f"download{whose} begins: {blocks}, at least {_seconds(fields['floor_s'])} ({', '.join(parts)}) over one hop"


def _measured(event: Event) -> str:
    whose = f" of {_device(event)}" if "device" in event.fields else ""
    fields = event.fields
    took, floor = float(str(fields["took_s"])), float(str(fields["floor_s"]))
    ratio = f", {took / floor:.2f} times the least" if floor else ""
    waited = ", ".join(f"{name} {_seconds(fields[key])}" for key, name in _SIDES)
    longest = max(_SIDES, key=lambda side: float(str(fields[side[0]])))[1]
    return f"download{whose} took {_seconds(took)}{ratio}: {waited}; {longest} took longest"


def _seconds(value: object) -> str:
    return f"{float(str(value)):,.1f} s"


def _message(event: Event) -> dict[str, object] | None:
    try:
        found = describe(Message.decode(bytes.fromhex(_text(event, "octets")))).get("payload")
    except (DecodeError, ValueError):
        return None
    return dict(found) if isinstance(found, dict) else None


def _alert(event: Event) -> str | None:
    if event.fields.get("alert_code") != _ACTIVATION_ALERT:
        return None
    fields = _message(event) or {}
    result = "success" if fields.get("result") == 0 else f"failure ({fields.get('result')})"
    return f"alert 0x8F8B of {_device(event)}: {result}, version {fields.get('firmware_version')}, signature verified"


def _own_alert(event: Event) -> str | None:
    if event.fields.get("alert_code") != _ACTIVATION_ALERT:
        return None
    fields = _message(event) or {}
    return f"raised the alert 0x8F8B: version {fields.get('firmware_version')}, result {fields.get('result')}"


def _response(event: Event) -> str | None:
    if event.fields.get("message_code") != _VERSION_READ:
        return None
    fields = _message(event) or {}
    return f"CS08: {_device(event)} says that it runs version {fields.get('firmware_version')}, MAC verified"


def _unverified(event: Event) -> str:
    what = "its alerts cannot be verified, and it cannot be asked its version"
    return f"no certificate of {_device(event)} in the PKI: {what} (share one with --pki)"


def _joined(event: Event) -> str:
    where = f"PAN 0x{_text(event, 'pan_id')}, channel {_text(event, 'channel')}"
    return f"on the network as 0x{_text(event, 'short')}: {where}, parent 0x{_text(event, 'parent')}"


def _power(event: Event) -> str:
    return f"power {event.reason or '?'}" + (
        f", version {_text(event, 'version')}" if "version" in event.fields else ""
    )


def _offer(event: Event) -> str:
    return f"the hub offers version {_text(event, 'version')}, {_number(event, 'size')} octets"


def _started(event: Event) -> str:
    begun = f", from octet {_number(event, 'offset')} on" if event.fields.get("offset") else ""
    return f"downloading version {_text(event, 'version')}{begun}"


def _number(event: Event, name: str) -> str:
    value = event.fields.get(name)
    return f"{value:,}" if isinstance(value, int) else str(value)


LINES: Final[dict[str, Line]] = {
    "hub.power": lambda event: f"power {event.reason or '?'}",
    "hub.network-up": lambda event: f"the HAN is up, extended PAN id {_text(event, 'extended_pan_id')}",
    "hub.network-down": lambda event: f"the HAN is down{_because(event)}",
    "hub.let-in": _let_in,
    "hub.join-refused": _kept_out,
    "hub.device-left": lambda event: f"{_device(event)} left{_because(event)}",
    "hub.device-removed": lambda event: f"{_device(event)} was put out{_because(event)}",
    "hub.image": _image,
    "hub.keys-unknown": _unverified,
    "hub.no-alert": lambda event: f"no alert came of {_device(event)}",
    "hub.no-reading": lambda event: f"{_device(event)} did not answer CS08",
    "cbke.responder.established": lambda event: f"{_text(event, 'peer')} has a link key of its own (CBKE)",
    "cbke.responder.failed": lambda event: f"key establishment with {_text(event, 'peer')} failed{_because(event)}",
    "cbke.initiator.established": lambda event: f"link key with the hub {_text(event, 'peer')} established (CBKE)",
    "cbke.initiator.failed": lambda event: f"key establishment with {_text(event, 'peer')} failed{_because(event)}",
    "trust.link-key-probe": _probed,
    "update.expected": _expected,
    "update.measured": _measured,
    "acb.alert": _alert,
    "acb.response": _response,
    "acb.refused": lambda event: f"a GBCS message of {_device(event)} was refused{_because(event)}",
    "bridge.power": _power,
    "bridge.joining": lambda _: "looking for a HAN",
    "bridge.joined": _joined,
    "bridge.network-down": lambda event: f"off the network{_because(event)}",
    "bridge.image-received": lambda event: f"image received, SHA-256 {_text(event, 'sha256')}",
    "bridge.activated": lambda event: f"activated: {_text(event, 'before')} -> {_text(event, 'after')}",
    "bridge.activation-failed": lambda event: f"activation failed{_because(event)}",
    "ota.offer": _offer,
    "ota.started": _started,
    "ota.refused": lambda event: f"image refused{_because(event)}",
    "ota.failed": lambda event: f"download ended{_because(event)}",
    "ota.deferred": lambda event: f"download put off{_because(event)}",
    "gbcs.alert": _own_alert,
    "gbcs.answered": lambda event: f"answered the Command {_text(event, 'message_code')}",
    "gbcs.refused": lambda event: f"refused a GBCS message{_because(event)}",
    "stick.lost": lambda event: f"the stick is lost{_because(event)}",
    "stick.back": lambda _: "the stick is back",
    "stick.not-back": lambda event: f"the stick is not back{_because(event)}",
    "stick.parent-lost": lambda _: "the parent is lost",
}
"""By the kind of the event; all others are only for the log."""
