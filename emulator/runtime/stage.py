"""Where a bridge stands, in words for people."""

from __future__ import annotations

from emulator.devices.bridge.model import Bridge, Life
from emulator.ota.client_table import ClientState

_LIFE = {
    Life.OFF: "off",
    Life.BOOTING: "starting",
    Life.JOINING: "joining",
    Life.ESTABLISHING: "establishing a link key",
    Life.ACTIVATING: "activating",
}
_CLIENT = {
    ClientState.OFF: "at work",
    ClientState.SEEKING: "looking for the OTA server",
    ClientState.IDLE: "waiting for the hub",
    ClientState.QUERYING: "asking for an image",
    ClientState.DOWNLOADING: "downloading",
    ClientState.PACED: "downloading",
    ClientState.VERIFYING: "verifying",
    ClientState.ENDING: "asking whether to activate",
    ClientState.REFUSING: "refusing the image",
    ClientState.WAITING: "waiting to activate",
    ClientState.EXTERNAL: "waiting to activate",
    ClientState.COUNT_DOWN: "waiting to activate",
    ClientState.MORE: "asking for another image",
    ClientState.ACTIVATING: "activating",
}


def stage_of(device: Bridge) -> str:
    """What the device is doing."""
    if device.life is not Life.RUNNING:
        return _LIFE[device.life]
    return "at work" if device.client is None else _CLIENT[device.client.state]
