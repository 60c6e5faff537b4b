"""Stick profiles: what a stick that can be bought is, as `hw_profiles/sticks/*.toml` says it.

For finding out how to speak to a stick, and whether a firmware image is one for it.  A key that a file leaves out is
not known.  Where what stands in a file comes from, and how sure it is, comments there say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from emulator.devices.profile import Table, Text
from emulator.devices.profile_loading import profile_file, profile_paths
from emulator.image.toml import read_model

SUBFOLDER = "sticks"

Chip = Annotated[str, StringConstraints(pattern=r"^(EFR32MG|MGM)[0-9]{2}[0-9A-Z]*$", max_length=32)]
UsbId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]
EzspVersion = Annotated[int, Field(ge=4, le=255)]
ProductId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
FlowControl = Literal["none", "software", "hardware"]
BootloaderReset = Literal["ihost", "rts_dtr", "slzb07", "yellow", "zbt2"]


class StickProfile(Table):
    """One stick.

    Attributes:
        description: one line for people.
        chip: the ordering code of the chip or module on it, or as much of it as is known.
        baud_rate: of its usual firmware, bits/s; None: not known.
        flow_control: of its usual firmware, between host and stick; None: not known.
        usb: vendor and product ids, `vvvv:pppp`; several sticks may share one.  Empty: none, or not known.
        usb_product: a piece of its USB product name, which tells it from others of the same ids.
        network: whether it is reached over TCP as well.
        ezsp: versions of EZSP for which there is firmware for it, as far as is known.
        product_id: of GBL images for it, 16 octets in hex; None: images bear none, or it is not known.
        bootloader_reset: how its bootloader is entered from outside, as universal-silabs-flasher calls that.
        notes: what to mind.
    """

    description: Text
    chip: Chip
    baud_rate: Literal[57_600, 115_200, 230_400, 460_800, 921_600] | None = None
    flow_control: FlowControl | None = None
    usb: Annotated[tuple[UsbId, ...], Field(strict=False)] = ()
    usb_product: Text | None = None
    network: bool = False
    ezsp: Annotated[tuple[EzspVersion, ...], Field(strict=False)] = ()
    product_id: ProductId | None = None
    bootloader_reset: BootloaderReset | None = None
    notes: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    _name: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if list(self.ezsp) != sorted(set(self.ezsp)):
            raise ValueError("ezsp: versions in ascending order, each once")
        if len(set(self.usb)) != len(self.usb):
            raise ValueError("usb: each pair of ids once")
        return self

    @property
    def name(self) -> str:
        """That of its file, without `.toml`."""
        return self._name

    def facts(self) -> dict[str, Any]:
        """Everything in it, JSON-ready, its name first."""
        return {"name": self.name, **self.model_dump(mode="json")}

    def named(self, path: Path) -> Self:
        """The same, with the name that its file gives it."""
        self._name = path.stem
        return self


def stick_paths(folders: Sequence[Path] = ()) -> dict[str, Path]:
    """Every profile's file by name, as `profile_paths` finds them in the `sticks` of each folder."""
    return profile_paths(folders, SUBFOLDER)


def sticks(folders: Sequence[Path] = ()) -> list[StickProfile]:
    """Every stick there is, by name; BadInput if one of them is wrong."""
    return [read_stick(path) for path in stick_paths(folders).values()]


def read_stick(path: Path) -> StickProfile:
    """The profile in a file; BadInput, one line naming file, key, value and what is allowed, if anything is wrong."""
    return read_model(path, StickProfile).named(path)


def load_stick(name_or_path: str | Path, folders: Sequence[Path] = ()) -> StickProfile:
    """The profile of that name, or in that file (known by its `.toml` or a slash).

    Raises:
        BadInput: there is none, or it is wrong.
    """
    return read_stick(profile_file(name_or_path, folders, SUBFOLDER, "stick"))


def sticks_with_usb(usb: str, product: str | None = None, folders: Sequence[Path] = ()) -> list[StickProfile]:
    """Those that a USB device may be.

    Args:
        usb: its ids, `vvvv:pppp`.
        product: its product name, where it is known: where some of them say a piece of it, those that say the longest.
        folders: where to look before the folder that comes with the program.
    """
    alike = [stick for stick in sticks(folders) if usb.lower() in stick.usb]
    said = [_length_said(stick, product or "") for stick in alike]
    return [stick for stick, length in zip(alike, said, strict=True) if length == max(said)]


def _length_said(stick: StickProfile, product: str) -> int:
    piece = stick.usb_product or ""
    return len(piece) if piece.lower() in product.lower() else 0
