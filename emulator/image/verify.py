"""Whether an image is one that a device should take: every reason against it, not only the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.image.errors import ImageError
from emulator.image.file import OtaFile, parse
from emulator.image.header import WILDCARD_VERSION
from emulator.image.signature import SignatureStatus, Verifier, not_checked


@dataclass(frozen=True, slots=True)
class ImageExpectation:
    """What a device expects of an image; None leaves a thing unchecked.

    Attributes:
        manufacturer_code: the device's own.
        image_type: the device's own.
        hardware_version: the device's own; must lie in the header's range, where there is one.
        current_version: the version that runs; the image must be newer.
        limit: octets of the largest file.
        offered_version: the version that a server's Query Next Image Response promised.
        offered_size: the size that it promised, in octets.
        eui64: the device's own address, for files that are meant for one device.
        verifier: the signature scheme with its key, see `signature`.
    """

    manufacturer_code: int | None = None
    image_type: int | None = None
    hardware_version: int | None = None
    current_version: int | None = None
    limit: int | None = None
    offered_version: int | None = None
    offered_size: int | None = None
    eui64: int | None = None
    verifier: Verifier = not_checked

    @property
    def checked(self) -> tuple[str, ...]:
        """What of an image is looked at, in words."""
        wanted = {
            "manufacturer": self.manufacturer_code,
            "image type": self.image_type,
            "hardware version": self.hardware_version,
            "newer version": self.current_version,
            "size limit": self.limit,
            "offered version": self.offered_version,
            "offered size": self.offered_size,
            "destination": self.eui64,
            "signature": None if self.verifier is not_checked else True,
        }
        return tuple(name for name, value in wanted.items() if value is not None)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks against an image: `reason` for machines, `text` for people."""

    reason: str
    text: str


def inspect(octets: bytes, expectation: ImageExpectation) -> tuple[Finding, ...]:
    """Everything that speaks against these octets, header first; nothing where they are to be taken.

    Octets that are no well-formed OTA file give one finding, with the reason of `ImageError`.
    """
    try:
        file = parse(octets)
    except ImageError as error:
        return (Finding(error.reason, str(error)),)
    return verify(file, expectation)


def verify(file: OtaFile, expectation: ImageExpectation) -> tuple[Finding, ...]:
    """Everything that speaks against a well-formed file, header first."""
    checks = (_target, _version, _size, _trust)
    return tuple(finding for check in checks for finding in check(file, expectation))


def _target(file: OtaFile, expected: ImageExpectation) -> Iterator[Finding]:
    """Is it for this kind of device, and for this one?"""
    header = file.header
    wanted = expected.manufacturer_code
    if wanted is not None and header.manufacturer_code != wanted:
        text = f"for manufacturer 0x{header.manufacturer_code:04x}, wanted 0x{wanted:04x}"
        yield Finding("wrong-manufacturer", text)
    wanted = expected.image_type
    if wanted is not None and header.image_type != wanted:
        yield Finding("wrong-image-type", f"of image type 0x{header.image_type:04x}, wanted 0x{wanted:04x}")
    device = expected.hardware_version
    if device is not None and not header.takes_hardware(device):
        lowest, highest = header.minimum_hardware_version, header.maximum_hardware_version
        text = f"for hardware 0x{lowest:04x} to 0x{highest:04x}, the device is 0x{device:04x}"
        yield Finding("wrong-hardware", text)
    destination, own = header.upgrade_file_destination, expected.eui64
    if own is not None and destination is not None and destination != own:
        yield Finding("wrong-device", f"for the device {destination:016x} alone, this is {own:016x}")


def _version(file: OtaFile, expected: ImageExpectation) -> Iterator[Finding]:
    """Is it newer, possible, and the one that was offered?"""
    version, current, offered = file.header.file_version, expected.current_version, expected.offered_version
    if current is not None and version <= current:
        yield Finding("not-an-upgrade", f"version {version:08X} is not newer than {current:08X}")
    if version == WILDCARD_VERSION:
        # Taken once, it would shut out every later version.
        yield Finding("reserved-version", f"version {version:08X} means any version, no image has it")
    if offered is not None and version != offered:
        yield Finding("version-mismatch", f"version {version:08X}, but {offered:08X} was offered")


def _size(file: OtaFile, expected: ImageExpectation) -> Iterator[Finding]:
    """Does it fit, and is it what was offered?"""
    if expected.limit is not None and file.size > expected.limit:
        yield Finding("image-too-large", f"{file.size} octets, at most {expected.limit} are allowed")
    if expected.offered_size is not None and file.size != expected.offered_size:
        yield Finding("size-mismatch", f"{file.size} octets, but {expected.offered_size} were offered")


def _trust(file: OtaFile, expected: ImageExpectation) -> Iterator[Finding]:
    """Is it signed by whom we trust?"""
    status = expected.verifier(file.octets)
    if status is SignatureStatus.UNSIGNED:
        yield Finding("unsigned", "carries no signature, and one is wanted")
    elif status is SignatureStatus.BAD:
        yield Finding("bad-signature", "the signature does not fit the image and the key")
