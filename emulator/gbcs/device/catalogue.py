"""Which use cases a product takes: by the names that its profile lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from emulator.core.errors import BadInput
from emulator.gbcs.device.firmware import Activation, ActivationPort, version_use_case
from emulator.gbcs.device.joining import join_use_case, part_use_case
from emulator.gbcs.device.own_keys import OwnKeys
from emulator.gbcs.device.remote_parties import MODES_BY_AUTHORITY, details_use_case, update_use_cases
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.device.use_case import UseCase
from emulator.gbcs.use_cases import cs02a, cs02c, cs02d, cs02e, cs03, cs04, cs06, cs08

CREDENTIALS = ("CS02a", "CS02b", "CS02c", "CS02d", "CS02e")
_JOINS = {
    "CS03A1": cs03.METHOD_A_METER,
    "CS03A2": cs03.METHOD_A_NOT_METER,
    "CS03B": cs03.METHOD_B,
    "CS03C": cs03.METHOD_C,
}
_PARTINGS = {"CS04AC": cs04.METHOD_A_OR_C, "CS04B": cs04.METHOD_B}
_OWN = {"CS02c": cs02c.MESSAGE_CODE, "CS02d": cs02d.MESSAGE_CODE, "CS02e": cs02e.MESSAGE_CODE}

NAMES = (*CREDENTIALS, *_JOINS, *_PARTINGS, "CS06", "CS08")
"""Every use case that a device of this program can take; a hub has more of its own."""


@dataclass(frozen=True, slots=True)
class DeviceParts:
    """What use cases need of the device that they are for.

    Attributes:
        own_keys: for CS02c to CS02e.
        version: gives the firmware version that runs; None: it cannot be read.
        activation: the image that CS06 activates; None on a device that does without CS06.
    """

    own_keys: OwnKeys
    version: Callable[[], int | None]
    activation: ActivationPort | None = None


def use_cases(names: Iterable[str], parts: DeviceParts, settings: DeviceSettings) -> dict[int, UseCase]:
    """The use cases with these names, by message code; BadInput for a name that is none."""
    found: dict[int, UseCase] = {}
    for name in names:
        found |= _of(name, parts, settings)
    return found


def _of(name: str, parts: DeviceParts, settings: DeviceSettings) -> Mapping[int, UseCase]:
    if name == "CS02a":
        return {cs02a.MESSAGE_CODE: details_use_case()}
    if name == "CS02b":
        return update_use_cases(settings, MODES_BY_AUTHORITY[settings.authority])
    if name in _OWN:
        return {_OWN[name]: parts.own_keys.use_cases(settings)[_OWN[name]]}
    if name in _JOINS:
        return {_JOINS[name]: join_use_case(_JOINS[name])}
    if name in _PARTINGS:
        return {_PARTINGS[name]: part_use_case(_PARTINGS[name])}
    if name == "CS08":
        return {cs08.MESSAGE_CODE: version_use_case(parts.version, settings)}
    if name == "CS06" and parts.activation is not None:
        return {cs06.MESSAGE_CODE: Activation(parts.activation).use_case()}
    raise BadInput(f"no device takes the use case {name!r}", where="use_cases", allowed=", ".join(NAMES))
