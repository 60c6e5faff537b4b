"""From a profile and the standards of a run to what the OTA client wants to know."""

from __future__ import annotations

from pathlib import Path

from emulator.core.clock import HOUR, seconds
from emulator.core.eui64 import Eui64
from emulator.core.standards import Standards
from emulator.devices.profile import JoinerProfile
from emulator.image.catalogue import recipes_folder
from emulator.image.signature import Verifier, load_verifier, not_checked
from emulator.ota.settings import ClientIdentity, ClientSettings

_IN_SECONDS = "_s"


def client_identity(profile: JoinerProfile, eui64: Eui64) -> ClientIdentity:
    """What images are for this device."""
    return ClientIdentity(profile.manufacturer, profile.image_type, profile.hardware_version, eui64)


def client_settings(profile: JoinerProfile, standards: Standards) -> ClientSettings:
    """What the profile says, else what the standards say, else the client's own defaults."""
    chosen: dict[str, object] = {
        "block_octets": standards.number("ota_block_octets"),
        "image_limit_octets": standards.number("limits.image_octets"),
        "poll_interval": round(standards.amount("ota_poll_hours") * HOUR),
    }
    for key, value in profile.ota.model_dump(exclude={"aps_acks"}, exclude_none=True).items():
        if key.endswith(_IN_SECONDS):
            chosen[key.removesuffix(_IN_SECONDS)] = seconds(value)
        else:
            chosen[key] = value
    return ClientSettings(**chosen)  # type: ignore[arg-type]  # the keys of the table are those of ClientSettings


def ota_aps_acks(profile: JoinerProfile, standards: Standards) -> bool:
    """Whether the device asks for APS acknowledgements of its OTA messages."""
    return standards.on("ota_aps_acks") if profile.ota.aps_acks is None else profile.ota.aps_acks


def public_key_path(profile: JoinerProfile) -> Path | None:
    """The manufacturer's public key: beside the profile, else in `firmware_images/keys`; None where there is none."""
    name = profile.signature.public_key
    if name is None:
        return None
    beside = profile.path.parent / name
    return beside if beside.exists() else recipes_folder() / "keys" / name


def signature_verifier(profile: JoinerProfile, standards: Standards) -> Verifier:
    """How the device checks the manufacturer's signature; BadInput where its key cannot be used."""
    path = public_key_path(profile)
    return not_checked if path is None or standards.word("image_signature") == "none" else load_verifier(path)
