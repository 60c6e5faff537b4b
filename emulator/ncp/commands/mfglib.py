"""The functions of manufacturing: every frame on a channel as a callback, single frames, carriers for measurements.

They want a stick that is in no network.  Statuses are those that EmberZNet's header says (`mfglib.h`): ERR_FATAL where
they are not on, or a carrier is.  Frames are handed over whole: the two octets behind the MAC payload, which hosts cut
off as no FCS of worth, are the FCS here.  Tone and stream are the same on this air: whoever hears one finds the channel
busy and its frames disturbed.  Powers are kept, and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.ncp.chip import Answer, Chip, Emission, Values
from emulator.ncp.ezsp.status import Status
from emulator.ports.phy import RxFrame
from emulator.zigbee.frames.mac import FCS_OCTETS, fcs
from emulator.zigbee.node.facts import NetworkState
from emulator.zigbee.node.scanning import CHANNELS

_FIRST_CHANNEL: Final = CHANNELS[0]
_LENGTHS: Final = range(5, 128)
"""Octets of a frame to send, its FCS among them."""
_POWERS: Final = range(-100, 21)
"""dBm that are taken: those that the command line of bellows lets through; chips have fewer, and round."""
_DONE: Final[Answer] = {"status": Status.SUCCESS}
_REFUSED: Final[Answer] = {"status": Status.ERR_FATAL}


def mfglib_start(chip: Chip, values: Values, now: int) -> Answer:
    """`mfglibStart`: with `rxCallback` it listens at once, on the lowest channel."""
    if chip.ram.mfglib is not None or chip.node.facts.state is not NetworkState.NO_NETWORK or chip.node.scanning:
        return _REFUSED
    chip.ram.mfglib = _FIRST_CHANNEL
    chip.ram.mfglib_listens = bool(values["rxCallback"])
    _listen(chip, now)
    return _DONE


def mfglib_end(chip: Chip, _values: Values, now: int) -> Answer:
    """`mfglibEnd`; a carrier ends with it."""
    if chip.ram.mfglib is None:
        return _REFUSED
    _emit(chip, Emission.NOTHING)
    chip.ram.mfglib = None
    chip.port.stop_sniffing(now)
    return _DONE


def mfglib_set_channel(chip: Chip, values: Values, now: int) -> Answer:
    """`mfglibSetChannel`."""
    if not _is_free(chip):
        return _REFUSED
    if values["channel"] not in CHANNELS:
        return {"status": Status.PHY_INVALID_CHANNEL}
    chip.ram.mfglib = values["channel"]
    _listen(chip, now)
    return _DONE


def mfglib_get_channel(chip: Chip, _values: Values, _now: int) -> Answer:
    """`mfglibGetChannel`."""
    return {"channel": chip.ram.mfglib or _FIRST_CHANNEL}


def mfglib_set_power(chip: Chip, values: Values, _now: int) -> Answer:
    """`mfglibSetPower`: kept."""
    if not _is_free(chip):
        return _REFUSED
    if values["power"] not in _POWERS:
        return {"status": Status.PHY_INVALID_POWER}
    chip.ram.mfglib_power = values["power"]
    return _DONE


def mfglib_get_power(chip: Chip, _values: Values, _now: int) -> Answer:
    """`mfglibGetPower`."""
    return {"power": chip.ram.mfglib_power}


def mfglib_send_packet(chip: Chip, values: Values, now: int) -> Answer:
    """`mfglibSendPacket`: the last two octets are replaced by the FCS; by CSMA/CA, like everything on this air."""
    contents = bytes(values["packetContents"])
    if not _is_free(chip):
        return _REFUSED
    if len(contents) not in _LENGTHS:
        return {"status": Status.BAD_ARGUMENT}
    frame = contents[:-FCS_OCTETS]
    try:
        chip.port.transmit(frame + fcs(frame).to_bytes(FCS_OCTETS, "little"), now)
    except LocalProtocolError:
        return {"status": Status.PHY_TX_BUSY}
    return _DONE


def start(emission: Emission) -> Callable[[Chip, Values, int], Answer]:
    """`mfglibStartTone` and mfglibStartStream."""

    def started(chip: Chip, _values: Values, _now: int) -> Answer:
        if not _is_free(chip):
            return _REFUSED
        _emit(chip, emission)
        return _DONE

    return started


def stop(emission: Emission) -> Callable[[Chip, Values, int], Answer]:
    """`mfglibStopTone` and mfglibStopStream."""

    def stopped(chip: Chip, _values: Values, _now: int) -> Answer:
        if chip.ram.mfglib_emits is not emission:
            return _REFUSED
        _emit(chip, Emission.NOTHING)
        return _DONE

    return stopped


def _is_free(chip: Chip) -> bool:
    """Whether it is on, and no carrier is."""
    return chip.ram.mfglib is not None and chip.ram.mfglib_emits is Emission.NOTHING


def _emit(chip: Chip, emission: Emission) -> None:
    chip.ram.mfglib_emits = emission
    chip.port.emit(emission is not Emission.NOTHING)


def _listen(chip: Chip, now: int) -> None:
    """Be on the channel, and hand over what is there where that was asked for."""

    def taken(frame: RxFrame, now: int) -> None:
        values = {"linkQuality": frame.lqi, "rssi": frame.rssi, "packetContents": frame.psdu}
        chip.callback("mfglibRxHandler", values, now)

    def ignored(frame: RxFrame, now: int) -> None:
        """It only sends."""

    if chip.ram.mfglib is not None:
        chip.port.sniff(chip.ram.mfglib, taken if chip.ram.mfglib_listens else ignored, now)
