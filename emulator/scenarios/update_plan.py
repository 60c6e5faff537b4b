"""What an update run is to be: the options of `althan demo`, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emulator.core.errors import BadInput
from emulator.core.standards import Standards
from emulator.devices.profile import JoinerProfile
from emulator.devices.profile_loading import load_profile
from emulator.devices.profile_ota import signature_verifier
from emulator.image.build import check_limit
from emulator.image.catalogue import recipe_matching
from emulator.image.file import OtaFile, read_image
from emulator.image.signature import Verifier, load_verifier, not_checked

GB_IMAGE_OCTETS = 768_000
SMALLEST_IMAGE = 512
"""Room for header and signature, and something to send."""
LEAN_BLOCK = 64
MOST_LOSS = 90.0
MOST_HOPS = 6


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """One update run; None leaves a thing to the profile and the standards.

    Attributes:
        profiles: names or files, one for each bridge.
        image: an OTA file for all of them; None: each product's own, built from its recipe.
        size: octets of the images built.
        trust: key or certificate that an image given must be signed for.
        strict: with an image given: the profiles stay what they are.
        loss: percent of frames and of acknowledgements lost on each link.
        block_octets, page_requests, min_block_period_ms: of the OTA clients.
        hops: from hub to bridges.
        key_establishment: whether devices establish link keys of their own before anything else.
    """

    profiles: tuple[str, ...] = ("bridge-1",)
    image: Path | None = None
    size: int | None = None
    trust: Path | None = None
    strict: bool = False
    loss: float = 0.0
    block_octets: int | None = None
    page_requests: bool | None = None
    min_block_period_ms: int | None = None
    hops: int = 1
    fidelity: str = "frames"
    seed: int = 1
    standards: Standards = field(default_factory=Standards)
    folders: tuple[Path, ...] = ()
    key_establishment: bool = True


@dataclass(frozen=True, slots=True)
class PlannedBridge:
    """One bridge of a plan, ready to run.

    Attributes:
        profile: adapted to the plan.
        verifier: how it checks signatures, `check` says it in words.
        image: what it is offered.
    """

    profile: JoinerProfile
    verifier: Verifier
    check: str
    image: OtaFile


def prepare(plan: UpdatePlan) -> list[PlannedBridge]:
    """Read and build everything a plan needs.

    Raises:
        BadInput: an option, a profile or an image that cannot be used; nothing has run then.
    """
    _check_numbers(plan)
    profiles = [_joiner(name, plan.folders) for name in plan.profiles]
    limit = plan.standards.number("limits.image_octets")
    given = None if plan.image is None else read_image(plan.image, limit)
    built: dict[tuple[int, int], OtaFile] = {}
    return [_planned(plan, profile, given, built, limit) for profile in profiles]


def _check_numbers(plan: UpdatePlan) -> None:
    if not plan.profiles:
        raise BadInput("no bridge", where="--profile", allowed="one profile or more")
    check_loss(plan.loss)
    if not 1 <= plan.hops <= MOST_HOPS:
        raise BadInput(f"{plan.hops} hops", where="--hops", allowed=f"1 to {MOST_HOPS}")
    if plan.block_octets is not None and not 1 <= plan.block_octets <= 255:  # noqa: PLR2004 - one octet in the frame
        raise BadInput(f"{plan.block_octets} octets", where="--block-size", allowed="1 to 255")
    if plan.min_block_period_ms is not None and not 0 <= plan.min_block_period_ms <= 0xFFFE:  # noqa: PLR2004 - as above
        raise BadInput(f"{plan.min_block_period_ms} ms", where="--min-block-period", allowed="0 to 65534")
    if plan.size is not None and plan.image is not None:
        raise BadInput("goes with images that are built, not with --image", where="--size")
    if plan.size is not None and plan.size < SMALLEST_IMAGE:
        raise BadInput(f"{plan.size} octets", where="--size", allowed=f"{SMALLEST_IMAGE} octets or more")
    if plan.image is None and (plan.trust is not None or plan.strict):
        raise BadInput("goes with --image", where="--trust" if plan.trust is not None else "--strict")
    most = plan.standards.number("limits.type1_devices")
    devices = len(plan.profiles) + plan.hops - 1
    if devices > most:
        allowed = f"at most {most} with the relays (limits.type1_devices)"
        raise BadInput(f"{devices} bridges in one HAN", where="--profile", allowed=allowed)


def _joiner(name: str, folders: Sequence[Path]) -> JoinerProfile:
    profile = load_profile(name, folders)
    if not isinstance(profile, JoinerProfile):
        raise BadInput(f"{name!r} is a {profile.kind}", where="--profile", allowed="a bridge or a PPMID")
    return profile


def _planned(
    plan: UpdatePlan, profile: JoinerProfile, given: OtaFile | None, built: dict[tuple[int, int], OtaFile], limit: int
) -> PlannedBridge:
    chosen = _with_options(plan, profile)
    if given is None:
        key = (profile.manufacturer, profile.image_type)
        if key not in built:
            built[key] = _build(plan, profile, limit)
        return PlannedBridge(
            chosen, signature_verifier(profile, plan.standards), _own_check(profile, plan.standards), built[key]
        )
    verifier: Verifier
    if plan.trust is not None:
        verifier, check = load_verifier(plan.trust), f"ecdsa-p256 against {plan.trust.name}"
    elif plan.strict:
        verifier, check = signature_verifier(profile, plan.standards), _own_check(profile, plan.standards)
    else:
        verifier, check = not_checked, "not checked (no --trust given)"
    if not plan.strict:
        chosen = _like_the_image(chosen, given)
    return PlannedBridge(chosen, verifier, check, given)


def _own_check(profile: JoinerProfile, standards: Standards) -> str:
    signature = profile.signature
    if signature.scheme == "none":
        return "not checked (the profile asks for none)"
    if standards.word("image_signature") == "none":
        return "not checked (image_signature=none)"
    return f"{signature.scheme} against {signature.public_key}"


def _build(plan: UpdatePlan, profile: JoinerProfile, limit: int) -> OtaFile:
    """The image of the profile's product, by its recipe."""
    try:
        recipe = recipe_matching(profile.manufacturer, profile.image_type)
    except BadInput as error:
        product = f"manufacturer 0x{profile.manufacturer:04x}, image type 0x{profile.image_type:04x}"
        what = f"there is no recipe for {profile.name} ({product})"
        raise BadInput(what, where="--profile", allowed="give the file with --image") from error
    size = plan.size if plan.size is not None else min(GB_IMAGE_OCTETS, limit)
    check_limit(size, limit, "--size")
    return recipe.build(size=size, limit=limit)


def _with_options(plan: UpdatePlan, profile: JoinerProfile) -> JoinerProfile:
    """The profile with what the options say of its OTA client."""
    chosen = {
        "block_octets": plan.block_octets,
        "page_requests": plan.page_requests,
        "min_block_period_ms": plan.min_block_period_ms,
    }
    changes = {key: value for key, value in chosen.items() if value is not None}
    if not changes:
        return profile
    return profile.changed(ota=profile.ota.model_copy(update=changes))


def _like_the_image(profile: JoinerProfile, image: OtaFile) -> JoinerProfile:
    """A device that the image is for: the header's manufacturer and type, and hardware in its range."""
    header = image.header
    hardware = profile.hardware_version
    if not header.takes_hardware(hardware) and header.minimum_hardware_version is not None:
        hardware = header.minimum_hardware_version
    return profile.changed(
        manufacturer=header.manufacturer_code, image_type=header.image_type, hardware_version=hardware
    )


def check_loss(loss: float) -> None:
    """BadInput for a loss, in percent, that no run takes."""
    if not 0 <= loss <= MOST_LOSS:
        raise BadInput(f"{loss:g} percent", where="--loss", allowed=f"0 to {MOST_LOSS:g}")
