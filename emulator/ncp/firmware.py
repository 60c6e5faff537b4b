"""What a stick keeps of a firmware image that was put into it.

There is no code in it to be kept, so only what decides whether and how the stick comes up with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from emulator.core.errors import DecodeError
from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata, StackVersion, read_metadata
from emulator.ncp.bootloader.gbl_image import GblImage

SERVED_VERSIONS: Final = (13, 14, 16, 17, 18, 19)
"""EZSP versions that a stick can have."""
SHA256_OCTETS: Final = 32


class StartFault(StrEnum):
    """Why an image does not run; machine-readable."""

    NO_METADATA = "no-metadata"
    DAMAGED_METADATA = "damaged-metadata"
    NOT_EZSP = "not-ezsp"
    """The firmware of something else: a Thread radio, a router."""
    NO_STACK_VERSION = "no-stack-version"
    VERSION_NOT_SERVED = "version-not-served"
    """No stick here speaks the EZSP of that stack."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """One image.

    Attributes:
        sha256: of the whole GBL file, without padding.
        octets: how many it has.
        stack: the release of EmberZNet in it; None: it does not say, or does not run.
        fault: why it does not run; None: it does.
    """

    sha256: bytes
    octets: int
    stack: StackVersion | None = None
    fault: StartFault | None = None

    @classmethod
    def of(cls, image: GblImage) -> Firmware:
        """What is to be kept of an image."""
        stack, fault = _what_runs(image)
        return cls(hashlib.sha256(image.octets).digest(), len(image.octets), stack, fault)

    @property
    def version(self) -> int | None:
        """The EZSP version of it; None: it does not run."""
        return None if self.fault is not None or self.stack is None else self.stack.ezsp

    def to_dict(self) -> dict[str, object]:
        """JSON-ready, keys included."""
        return {
            "sha256": self.sha256.hex(),
            "octets": self.octets,
            "stack": None if self.stack is None else str(self.stack),
            "fault": self.fault,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Firmware:
        """What `to_dict` made; DecodeError for anything else."""
        try:
            firmware = cls(
                bytes.fromhex(stored["sha256"]),
                int(stored["octets"]),
                None if stored["stack"] is None else StackVersion.read(stored["stack"]),
                None if stored["fault"] is None else StartFault(stored["fault"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DecodeError(f"firmware of a stick: damaged: {error}") from error
        if len(firmware.sha256) != SHA256_OCTETS or firmware.octets < 0:
            raise DecodeError("firmware of a stick: damaged: no image has such a hash or length")
        if firmware.fault is None and firmware.version not in SERVED_VERSIONS:
            raise DecodeError(f"firmware of a stick: damaged: EZSP {firmware.version} would run")
        return firmware


def _what_runs(image: GblImage) -> tuple[StackVersion | None, StartFault | None]:
    try:
        metadata = read_metadata(image)
        stack = None if metadata is None else metadata.stack
    except DecodeError:
        return None, StartFault.DAMAGED_METADATA
    fault = StartFault.NO_METADATA if metadata is None else _fault(metadata, stack)
    return stack, fault


def _fault(metadata: FirmwareMetadata, stack: StackVersion | None) -> StartFault | None:
    if not metadata.speaks_ezsp:
        return StartFault.NOT_EZSP
    if stack is None:
        return StartFault.NO_STACK_VERSION
    return None if stack.ezsp in SERVED_VERSIONS else StartFault.VERSION_NOT_SERVED
