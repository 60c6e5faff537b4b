"""Whether a client takes what it is offered."""

from __future__ import annotations

from emulator.core.events import Value
from emulator.ota.errors import Unacceptable
from emulator.ota.file_check import FIXED_OCTETS
from emulator.ota.settings import ClientIdentity, ClientSettings
from emulator.zigbee.clusters.ota import (
    ANY_FILE_VERSION,
    ANY_IMAGE_TYPE,
    ANY_MANUFACTURER,
    ImageIdentity,
    ImageNotify,
)
from emulator.zigbee.frames.zcl_status import Status


def refusal_status(reason: str, offered: ImageIdentity, wanted: ImageIdentity) -> Status:
    """Status of the Default Response to an offer that is not taken.

    After one product's manual, which has these for such cases (Digi's XBee 3).
    """
    if reason == "image-too-large":
        return Status.INSUFFICIENT_SPACE
    same = reason == "not-an-upgrade" and offered.file_version == wanted.file_version
    return Status.DUPLICATE_EXISTS if same else Status.INVALID_FIELD


def weigh_offer(
    offered: ImageIdentity, wanted: ImageIdentity, settings: ClientSettings, *, specific: bool = False
) -> None:
    """Take an offer, or not.

    Args:
        offered: from the query response.
        wanted: our manufacturer code and image type; its version is the one that runs.
        settings: its limit, and whether older versions are taken.
        specific: for a file made for this device: `wanted` has the version that was asked for, or 0xFFFFFFFF.

    Raises:
        Unacceptable: `wrong-manufacturer`, `wrong-image-type`, `image-too-large`, `image-too-small`, `wrong-version`,
            or `not-an-upgrade` for the same and for an older version.
    """
    details: dict[str, Value] = {"offered": f"{offered.file_version:08X}", "size": offered.image_size}
    if offered.manufacturer_code != wanted.manufacturer_code:
        raise Unacceptable("wrong-manufacturer", found=f"{offered.manufacturer_code:04x}", **details)
    if offered.image_type != wanted.image_type:
        raise Unacceptable("wrong-image-type", found=f"{offered.image_type:04x}", **details)
    if offered.image_size > settings.image_limit_octets:
        raise Unacceptable("image-too-large", limit=settings.image_limit_octets, **details)
    if offered.image_size < FIXED_OCTETS:
        raise Unacceptable("image-too-small", **details)
    if specific:
        if wanted.file_version not in {ANY_FILE_VERSION, offered.file_version}:
            raise Unacceptable("wrong-version", wanted=f"{wanted.file_version:08X}", **details)
    elif not settings.allow_downgrade and offered.file_version <= wanted.file_version:
        raise Unacceptable("not-an-upgrade", running=f"{wanted.file_version:08X}", **details)


def notify_concerns(notify: ImageNotify, identity: ClientIdentity, current_version: int) -> str | None:
    """Why an Image Notify that was broadcast is not for us, or None where it may be."""
    if notify.manufacturer_code not in {None, ANY_MANUFACTURER, identity.manufacturer_code}:
        return "other-manufacturer"
    if notify.image_type not in {None, ANY_IMAGE_TYPE, identity.image_type}:
        return "other-image-type"
    if notify.new_file_version not in {None, ANY_FILE_VERSION} and notify.new_file_version == current_version:
        return "same-version"
    return None
