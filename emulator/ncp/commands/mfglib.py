"""The functions of manufacturing, as far as hosts use them to listen: every frame on a channel, as a callback.

They want a stick that is in no network.  Frames are handed over whole: the two octets behind the MAC payload, which
hosts cut off as no FCS of worth, are the FCS here.
"""

from __future__ import annotations

from typing import Final

from emulator.ncp.chip import Answer, Chip, Values
from emulator.ncp.ezsp.status import Status
from emulator.ports.phy import RxFrame
from emulator.zigbee.node.facts import NetworkState
from emulator.zigbee.node.scanning import CHANNELS

_FIRST_CHANNEL: Final = CHANNELS[0]


def mfglib_start(chip: Chip, values: Values, now: int) -> Answer:
    """`mfglibStart`: with `rxCallback` it listens at once, on the lowest channel."""
    if chip.ram.mfglib is not None or chip.node.facts.state is not NetworkState.NO_NETWORK or chip.node.scanning:
        return {"status": Status.INVALID_CALL}
    chip.ram.mfglib = _FIRST_CHANNEL
    chip.ram.mfglib_listens = bool(values["rxCallback"])
    _listen(chip, now)
    return {"status": Status.SUCCESS}


def mfglib_end(chip: Chip, _values: Values, now: int) -> Answer:
    """`mfglibEnd`."""
    if chip.ram.mfglib is None:
        return {"status": Status.INVALID_CALL}
    chip.ram.mfglib = None
    chip.port.stop_sniffing(now)
    return {"status": Status.SUCCESS}


def mfglib_set_channel(chip: Chip, values: Values, now: int) -> Answer:
    """`mfglibSetChannel`."""
    if chip.ram.mfglib is None:
        return {"status": Status.INVALID_CALL}
    if values["channel"] not in CHANNELS:
        return {"status": Status.PHY_INVALID_CHANNEL}
    chip.ram.mfglib = values["channel"]
    _listen(chip, now)
    return {"status": Status.SUCCESS}


def mfglib_get_channel(chip: Chip, _values: Values, _now: int) -> Answer:
    """`mfglibGetChannel`."""
    return {"channel": chip.ram.mfglib or _FIRST_CHANNEL}


def _listen(chip: Chip, now: int) -> None:
    def taken(frame: RxFrame, now: int) -> None:
        values = {"linkQuality": frame.lqi, "rssi": frame.rssi, "packetContents": frame.psdu}
        chip.callback("mfglibRxHandler", values, now)

    if chip.ram.mfglib is not None and chip.ram.mfglib_listens:
        chip.port.sniff(chip.ram.mfglib, taken, now)
