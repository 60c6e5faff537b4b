"""`keys.txt`: the keys under which Wireshark and tshark can read the capture.

A key is a line of 32 hex digits, a space and a label; lines that begin with # say how to load them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.core.errors import DecodeError

KEY_OCTETS = 16
_LABEL_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._:/+-")


@dataclass(frozen=True, slots=True)
class CaptureKey:
    """A network or link key (16 octets) and what it is, e.g. `network key` or `link key bridge-1`."""

    key: bytes
    label: str

    def wireshark_entry(self) -> str:
        """The row that Wireshark's table of pre-configured ZigBee keys takes; "Normal" is the order of the octets."""
        return f'"{self.key.hex()}","Normal","{self.label}"'


def plain_label(label: str) -> str:
    """`label` with everything replaced by `_` that a shell or Wireshark's tables could take for their own."""
    return "".join(character if character in _LABEL_CHARACTERS else "_" for character in label).strip()


class CaptureKeys:
    """The keys of a run, each once, in the order in which they came into use."""

    def __init__(self) -> None:
        self._labels: dict[bytes, str] = {}

    def add(self, key: bytes, label: str) -> None:
        """Remember `key` (16 octets); the first label of a key stays.

        Raises:
            ValueError: it is no key.
        """
        if len(key) != KEY_OCTETS:
            raise ValueError(f"a ZigBee key has {KEY_OCTETS} octets, not {len(key)}")
        self._labels.setdefault(bytes(key), plain_label(label))

    def __iter__(self) -> Iterator[CaptureKey]:
        return (CaptureKey(key, label) for key, label in self._labels.items())

    def __len__(self) -> int:
        return len(self._labels)


def tshark_options(keys: CaptureKeys | list[CaptureKey]) -> list[str]:
    """The arguments that let tshark decrypt under `keys`: `-o`, `uat:…` for each."""
    return [part for key in keys for part in ("-o", f"uat:zigbee_pc_keys:{key.wireshark_entry()}")]


def keys_text(keys: CaptureKeys | list[CaptureKey], capture: str = "han.pcap") -> str:
    """The whole of `keys.txt`, for a capture of that name."""
    held = list(keys)
    options = " ".join(f"-o 'uat:zigbee_pc_keys:{key.wireshark_entry()}'" for key in held)
    lines = [
        f"# The keys of {capture}. Load them before looking at it:",
        "# tshark:",
        f"#   tshark -r {capture} {options}".rstrip(),
        "# Wireshark: Edit, Preferences, Protocols, ZigBee, Pre-configured Keys, Edit: a row for each key,",
        '#   Byte Order "Normal". Or add these lines to the file zigbee_pc_keys in its personal configuration folder',
        "#   (Help, About, Folders) and start it again:",
        *(f"#   {key.wireshark_entry()}" for key in held),
        *(f"{key.key.hex()} {key.label}" for key in held),
    ]
    return "\n".join(lines) + "\n"


def parse_keys(text: str) -> list[CaptureKey]:
    """The keys of a `keys.txt`; DecodeError names the line that is none."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        digits, _, label = line.partition(" ")
        if len(digits) != 2 * KEY_OCTETS or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
            raise DecodeError(f"keys, line {number}: no 32 hex digits")
        found.append(CaptureKey(bytes.fromhex(digits), label))
    return found
