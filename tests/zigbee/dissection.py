"""Frames through Wireshark's tshark: an independent opinion on every octet."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

LINK_TYPE_TAP = 283
_TAP_FCS_TYPE = struct.pack("<HHB3x", 0, 1, 1)
_TAP_HEADER = struct.pack("<BBH", 0, 0, 4 + len(_TAP_FCS_TYPE)) + _TAP_FCS_TYPE

Pairs = list[tuple[str, object]]


class Packet:
    """One dissected packet: every field by name, however deep it stands."""

    def __init__(self, layers: Pairs) -> None:
        self.fields: dict[str, list[str]] = {}
        self._gather(layers)

    def _gather(self, pairs: Pairs) -> None:
        for name, value in pairs:
            if isinstance(value, list) and value and isinstance(value[0], tuple):
                self.fields.setdefault(name, []).append("")
                self._gather(value)
            else:
                self.fields.setdefault(name, []).append(str(value))

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def values(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    def value(self, name: str) -> str:
        values = self.values(name)
        assert values, f"tshark shows no {name}, but {sorted(self.fields)}"
        return values[0]

    def number(self, name: str) -> int:
        shown = self.value(name)
        # EUI-64s come with colons, everything else as decimal or 0x.
        return int(shown.replace(":", ""), 16) if ":" in shown else int(shown, 0)

    def octets(self, name: str) -> bytes:
        return bytes.fromhex(self.value(name).replace(":", ""))


def dissect(tshark: str, folder: Path, psdus: Sequence[bytes], keys: Sequence[bytes]) -> list[Packet]:
    """What tshark makes of each PSDU (FCS included), given network and link keys."""
    capture = folder / "frames.pcap"
    with capture.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINK_TYPE_TAP))
        for number, psdu in enumerate(psdus):
            record = _TAP_HEADER + psdu
            file.write(struct.pack("<IIII", number, 0, len(record), len(record)) + record)
    arguments = [tshark, "-r", str(capture), "-T", "json", "-n"]
    for number, key in enumerate(keys):
        arguments += ["-o", f'uat:zigbee_pc_keys:"{key.hex()}","Normal","key-{number}"']
    shown = subprocess.run(arguments, capture_output=True, check=True, text=True)
    return [_packet(pairs) for pairs in json.loads(shown.stdout, object_pairs_hook=list)]


def _packet(pairs: Pairs) -> Packet:
    source = dict(pairs)["_source"]
    assert isinstance(source, list)
    layers = dict(source)["layers"]
    assert isinstance(layers, list)
    return Packet(layers)
