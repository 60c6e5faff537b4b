"""What is in a firmware image, as those who build images for sticks write it into the metadata tag: a JSON object.

Keys and versions of the object: Nabu Casa's silabs-firmware-builder, and universal-silabs-flasher, which reads them.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Final, TypeVar

from emulator.core.errors import DecodeError
from emulator.ncp.bootloader.gbl_image import GblImage

METADATA_LIMIT: Final = 4096
"""Octets; real ones have some 150."""
METADATA_VERSIONS: Final = (1, 2)
ZIGBEE_NCP_TYPES: Final = frozenset({"ncp-uart-hw", "ncp-uart-sw", "zigbee_ncp"})
"""The values of `fw_type` of firmware that speaks EZSP; the first two are those of version 1."""

_STACK_VERSION: Final = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?: build \d+)?", re.ASCII)
_OCTET: Final = 0xFF
_Kind = TypeVar("_Kind", int, str)

# Release notes of EmberZNet: from this release on, that version of EZSP.  15 was never released.
_EZSP_SINCE: Final = (
    ((9, 2, 0), None),
    ((9, 1, 0), 19),
    ((8, 2, 2), 18),
    ((8, 2, 0), 17),
    ((8, 1, 0), 16),
    ((8, 0, 0), 14),
    ((7, 6, 0), None),
    ((7, 4, 0), 13),
)


@dataclass(frozen=True, slots=True)
class StackVersion:
    """A release of the ZigBee stack (EmberZNet), e.g. 7.4.3.0; each number is one octet."""

    major: int
    minor: int
    patch: int
    special: int = 0

    @classmethod
    def read(cls, text: str) -> StackVersion:
        """From its text; DecodeError if it is none."""
        match = _STACK_VERSION.fullmatch(text)
        numbers = [int(number or 0) for number in match.groups()] if match else []
        if not numbers or max(numbers) > _OCTET:
            raise DecodeError(f"stack version {text[:40]!r} is not of the form 7.4.3.0")
        return cls(*numbers)

    @property
    def ezsp(self) -> int | None:
        """The version of EZSP that it speaks; None: one that is not known, or older than 13."""
        release = (self.major, self.minor, self.patch)
        return next((version for since, version in _EZSP_SINCE if release >= since), None)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}.{self.special}"


@dataclass(frozen=True, slots=True)
class FirmwareMetadata:
    """The metadata of one image, named as in the JSON object; None: not said.

    Attributes:
        metadata_version: 1 or 2, of the object itself.
        sdk_version: of the SDK that it was built with.
        ezsp_version: the release of EmberZNet in it, not the version of EZSP.
        fw_type: what kind of firmware it is.
        fw_variant: which of several for the same purpose.
        baudrate: at which it speaks.
    """

    metadata_version: int = 2
    sdk_version: str | None = None
    ezsp_version: str | None = None
    fw_type: str | None = None
    fw_variant: str | None = None
    baudrate: int | None = None

    @classmethod
    def decode(cls, octets: bytes) -> FirmwareMetadata:
        """From the octets of a metadata tag; keys that are not known are passed over.

        Raises:
            DecodeError: too long, no JSON object, of an unknown version, or a value of a wrong type.
        """
        found = _json_object(octets)
        numbers = {name: _value(found, name, int) for name in ("metadata_version", "baudrate")}
        texts = {name: _value(found, name, str) for name in ("sdk_version", "ezsp_version", "fw_type", "fw_variant")}
        version = numbers["metadata_version"]
        if version not in METADATA_VERSIONS:
            raise DecodeError(f"firmware metadata: version {version} is not one of {METADATA_VERSIONS}")
        return cls(metadata_version=version, baudrate=numbers["baudrate"], **texts)

    def encode(self) -> bytes:
        """As a JSON object, with the keys that have a value."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(said, sort_keys=True).encode()

    @property
    def stack(self) -> StackVersion | None:
        """The release of EmberZNet in it; None: not said.  DecodeError if what is said is none."""
        return None if self.ezsp_version is None else StackVersion.read(self.ezsp_version)

    @property
    def speaks_ezsp(self) -> bool:
        """Whether it is the firmware of a ZigBee network co-processor."""
        return self.fw_type in ZIGBEE_NCP_TYPES


def read_metadata(image: GblImage) -> FirmwareMetadata | None:
    """What an image says of itself; None: nothing.

    Raises:
        DecodeError: its metadata tag holds something else.
    """
    return None if image.metadata is None else FirmwareMetadata.decode(image.metadata)


def _json_object(octets: bytes) -> dict[str, object]:
    if len(octets) > METADATA_LIMIT:
        raise DecodeError(f"firmware metadata: {len(octets)} octets, {METADATA_LIMIT} are allowed")
    try:
        found = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"firmware metadata: no JSON: {error}") from error
    if not isinstance(found, dict):
        raise DecodeError("firmware metadata: no JSON object")
    return found


def _value(found: dict[str, object], name: str, kind: type[_Kind]) -> _Kind | None:
    value = found.get(name)
    if value is None:
        return None
    if type(value) is not kind:
        raise DecodeError(f"firmware metadata: {name} is not of type {kind.__name__}")
    return value
