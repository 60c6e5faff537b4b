"""A firmware file for a stick: what is in it, and whether it is one for that stick."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from emulator.core.errors import BadInput, DecodeError
from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata, StackVersion, read_metadata
from emulator.ncp.bootloader.gbl import IMAGE_LIMIT, GblError, read_gbl
from emulator.ncp.bootloader.gbl_image import ApplicationType, BootloaderVersion, GblImage
from emulator.runtime.sticks.profiles import StickProfile

_PADDING: Final = 128
"""Octets of an XMODEM block, to which somebody may have filled the file up."""


@dataclass(frozen=True, slots=True)
class FirmwareFile:
    """A whole GBL file, its check sum right.

    Attributes:
        path: where it lies.
        image: as it is to be written.
        metadata: what those who built it say of it; None: nothing that can be read.
    """

    path: Path
    image: GblImage
    metadata: FirmwareMetadata | None

    @property
    def product_id(self) -> str | None:
        """Of the stick that it is for, 32 hex digits; None: it names none."""
        application = self.image.application
        return application.product_id.hex() if application is not None and any(application.product_id) else None

    @property
    def stack(self) -> StackVersion | None:
        """The release of EmberZNet in it; None: not told."""
        try:
            return None if self.metadata is None else self.metadata.stack
        except DecodeError:
            return None

    @property
    def application_types(self) -> list[str]:
        """What it says that its application is; empty: it says nothing."""
        application = self.image.application
        return (
            []
            if application is None
            else [kind.name.lower() for kind in ApplicationType(application.type) if kind.name]
        )

    def facts(self) -> dict[str, Any]:
        """Everything, JSON-ready."""
        metadata, bootloader = self.metadata, self.image.bootloader
        return {
            "path": str(self.path),
            "octets": len(self.image.octets),
            "sha256": hashlib.sha256(self.image.octets).hexdigest(),
            "signed": self.image.signed,
            "encrypted": self.image.encrypted,
            "product_id": self.product_id,
            "application_types": self.application_types,
            "bootloader": None if bootloader is None else version_text(bootloader),
            "firmware": None if metadata is None else metadata.fw_type,
            "sdk": None if metadata is None else metadata.sdk_version,
            "emberznet": None if self.stack is None else str(self.stack),
            "ezsp": None if self.stack is None else self.stack.ezsp,
            "baud": None if metadata is None else metadata.baudrate,
        }


def version_text(version: BootloaderVersion) -> str:
    """As people write it."""
    return f"{version.major}.{version.minor}.{version.customer}"


def read_firmware(path: Path) -> FirmwareFile:
    """The file, read and checked; what is signed or encrypted is left to the bootloader that has the keys.

    Raises:
        BadInput: it cannot be read, or is no whole GBL file.
    """
    try:
        with path.open("rb") as file:
            octets = file.read(IMAGE_LIMIT + _PADDING)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(path)) from error
    try:
        image = read_gbl(octets, for_any=True)
    except GblError as error:
        raise BadInput(f"{error}", where=str(path), allowed="a whole GBL file of version 3, up to 1.5 MiB") from error
    return FirmwareFile(path, image, _metadata(image))


def _metadata(image: GblImage) -> FirmwareMetadata | None:
    try:
        return read_metadata(image)
    except DecodeError:
        return None


class Against(StrEnum):
    """What speaks against writing a file; machine-readable."""

    ENCRYPTED = "encrypted"
    ANOTHER_STICK = "for-another-stick"
    NO_PRODUCT = "names-no-product"
    AMBIGUOUS_STICK = "ambiguous-stick"
    UNKNOWN_STICK = "unknown-stick"
    NO_APPLICATION = "no-application"
    NOT_EZSP = "not-ezsp"


OTHER_STICK: Final = "--allow-other-stick"
OTHER_FIRMWARE: Final = "--allow-other-firmware"


@dataclass(frozen=True, slots=True)
class Objection:
    """One of them, and the option with which it is written in spite of that."""

    against: Against
    text: str
    option: str


def objections(file: FirmwareFile, stick: Sequence[StickProfile], every: Iterable[StickProfile]) -> list[Objection]:
    """What speaks against writing it, the weightiest first.

    Args:
        file: what is to be written.
        stick: what the stick is, or may be; empty: not known.
        every: all sticks that have a profile, by whose product ids others' files are known.
    """
    return [*_about_stick(file, stick, every), *_about_firmware(file)]


def doubts(file: FirmwareFile, stick: Sequence[StickProfile]) -> Iterator[str]:
    """What should be known before, and speaks against nothing."""
    if stick and all(one.product_id is None for one in stick):
        yield "whether the file is for this stick cannot be told: no product id is known of its images"
    if file.metadata is None:
        yield "the file does not say which firmware is in it"
    elif file.metadata.speaks_ezsp and file.stack is not None:
        if file.stack.ezsp is None:
            yield f"which EZSP EmberZNet {file.stack} speaks is not known here: this program may not be able to use it"
        elif (
            stick
            and not any(file.stack.ezsp in one.ezsp for one in stick if one.ezsp)
            and any(one.ezsp for one in stick)
        ):
            yield f"no firmware of EZSP {file.stack.ezsp} is known for this stick"
    if file.image.bootloader is not None:
        yield f"it brings bootloader {version_text(file.image.bootloader)} as well, which replaces an older one"
    if file.image.signed:
        yield "it is signed, which the bootloader checks, not this program"


def _about_stick(
    file: FirmwareFile, stick: Sequence[StickProfile], every: Iterable[StickProfile]
) -> Iterator[Objection]:
    names, known = ", ".join(one.name for one in stick), {one.product_id for one in stick}
    product = file.product_id
    owners = ", ".join(one.name for one in every if product is not None and one.product_id == product)

    def objection(against: Against, text: str) -> Objection:
        return Objection(against, text, OTHER_STICK)

    if file.image.encrypted:
        yield objection(Against.ENCRYPTED, "it is encrypted, so that nobody can see which stick it is for")
    elif owners and product not in known:
        here = f"this is {names}" if names else "this stick is not known"
        yield objection(Against.ANOTHER_STICK, f"it is for {owners} by its product id, and {here}")
    elif not stick:
        yield objection(Against.UNKNOWN_STICK, "which stick is at the port is not known: name it with --stick")
    elif product is not None and None not in known and product not in known:
        yield objection(Against.ANOTHER_STICK, f"it has the product id {product}, which {names} has not")
    elif len(known) > 1:
        yield objection(Against.AMBIGUOUS_STICK, f"the stick may be any of {names}: name it with --stick")
    elif product is None and None not in known:
        yield objection(Against.NO_PRODUCT, f"it has no product id, and images for {names} have one")


def _about_firmware(file: FirmwareFile) -> Iterator[Objection]:
    if file.image.encrypted:
        return
    if not file.image.has_program:
        what = "a bootloader alone" if file.image.bootloader is not None else "no firmware"
        yield Objection(Against.NO_APPLICATION, f"there is {what} in it", OTHER_FIRMWARE)
    elif file.metadata is not None and file.metadata.fw_type is not None:
        if not file.metadata.speaks_ezsp:
            text = f"its firmware is {file.metadata.fw_type!r}, which does not speak EZSP"
            yield Objection(Against.NOT_EZSP, text, OTHER_FIRMWARE)
    elif "zigbee" not in file.application_types:
        kinds = ", ".join(file.application_types) or "nothing known"
        yield Objection(Against.NOT_EZSP, f"its application is {kinds} and not ZigBee", OTHER_FIRMWARE)
