"""What a recorded device is made of, as the header of its recording says it; and the device made of that again.

Everything that could make a difference is in it, private keys included: profile, standards that differ from the
defaults, keys and certificates, what memory held, the date of `now` = 0, and the state of the one generator that the
device draws from.  That is less than the seed of a run, from which keys of others follow as well.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from pydantic import ValidationError

from emulator.cbke.credentials import Credentials, check_credentials
from emulator.cbke.suite import suite_numbered
from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.errors import BadInput, EmulatorError
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.core.standards import Standards
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.model import Bridge, BridgeCredentials
from emulator.devices.hub.kept import HubKept
from emulator.devices.hub.model import CommsHub
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.profile import DeviceProfile, HubProfile, JoinerProfile
from emulator.gbcs.device.identity import DeviceIdentity
from emulator.gbcs.device.own_keys import OwnKeys
from emulator.gbcs.device.state import DeviceState
from emulator.image.flash import Flash
from emulator.image.signature import EcdsaP256Verifier, Verifier, not_checked, verifier_from
from emulator.image.store import ImageStore
from emulator.ports.aps import ApsPort
from emulator.ports.compute import Computer
from emulator.transports.recording.values import Json
from emulator.zigbee.clusters.ota import ImageIdentity

BRIDGE: Final = "bridge"
HUB: Final = "hub"
_RNG_VERSION: Final = 3
_RNG_WORDS: Final = struct.Struct("<624I")
"""The state of `random.Random`, a Mersenne twister, beside an index."""
_FLASH_LIMIT: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What any device is made in.

    Attributes:
        name: of the device, for people.
        standards: the open questions.
        rng: what the device is made with, before anything is drawn from it.
        epoch: the date of `now` = 0.
        more: anything else for the header, e.g. the facts of the stick.
    """

    name: str
    standards: Standards
    rng: Random
    epoch: datetime = VIRTUAL_EPOCH
    more: Mapping[str, Json] | None = None


def bridge_facts(
    around: Surroundings,
    eui64: Eui64,
    profile: JoinerProfile,
    credentials: BridgeCredentials,
    memory: BridgeMemory | None = None,
    verifier: Verifier = not_checked,
) -> dict[str, Json]:
    """The header of a bridge's recording; to be called before the bridge is made, which changes its memory.

    Raises:
        BadInput: its way to check signatures is one of the user's own, or its randomness the system's.
    """
    if memory is not None:
        # A flash may hold what nobody has asked for yet: the images.
        ImageStore(memory.flash, around.standards.number("limits.image_octets"), ImageIdentity)
    return {
        **_facts(BRIDGE, around, eui64, profile),
        "gbcs": None if credentials.gbcs is None else _plain(credentials.gbcs.state.to_dict()),
        "cbke": _means_facts(credentials.cbke),
        "install_code_key": credentials.install_code_key.hex(),
        "image_key": _image_key(verifier),
        "memory": None if memory is None else _flash_facts(memory.flash),
    }


def hub_facts(
    around: Surroundings,
    eui64: Eui64,
    profile: HubProfile,
    chf: DeviceIdentity,
    means: KeyEstablishmentMeans | None = None,
    kept: HubKept | None = None,
) -> dict[str, Json]:
    """The header of a hub's recording.

    Raises:
        BadInput: its randomness is the system's.
    """
    return {
        **_facts(HUB, around, eui64, profile),
        "chf": _plain(chf.state.to_dict()),
        "cbke": _means_facts(means),
        "kept": None if kept is None else _plain(kept.to_dict()),
    }


def remade(
    header: Mapping[str, Any], port: ApsPort, computer: Computer, own_keys: OwnKeys, where: str
) -> Bridge | CommsHub:
    """The device of a recording, as it was before anything happened to it.

    Args:
        header: of the recording, as `eui64_of` has checked it.
        port: what stands for its stack.
        computer: does its arithmetic.
        own_keys: gives it the keys that it makes.
        where: named in errors.

    Raises:
        BadInput: the header is damaged.
    """
    try:
        return (_bridge if header["role"] == BRIDGE else _hub)(header, port, computer, own_keys)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"profile: {key}: {first['msg']}", where=where, allowed="a header as --record wrote it"
        ) from error
    except (EmulatorError, KeyError, TypeError, ValueError, AttributeError, struct.error, zlib.error) as error:
        raise BadInput(f"damaged header: {error}", where=where, allowed="a header as --record wrote it") from error


def eui64_of(header: Mapping[str, Any], where: str) -> Eui64:
    """The address of a recorded device; BadInput where there is none."""
    if header.get("role") not in {BRIDGE, HUB}:
        what = "no device is in this recording, but a stick alone: play it as the port replay:FILE"
        raise BadInput(what, where=where, allowed="a recording of a bridge or a hub")
    return parse_eui64(str(header.get("eui64", "")), f"{where}: eui64")


# --- both ------------------------------------------------------------------------------------------------------------


def _facts(role: str, around: Surroundings, eui64: Eui64, profile: DeviceProfile) -> dict[str, Json]:
    return {
        "role": role,
        "name": around.name,
        "eui64": eui64_text(eui64),
        "profile": {"name": profile.name, **profile.model_dump(mode="json")},
        "standards": dict(around.standards.non_defaults()),
        "rng": _rng_facts(around.rng),
        "epoch": around.epoch.isoformat(),
        **(around.more or {}),
    }


def _plain(value: object) -> Json:
    """As JSON has it: what a device stores of itself is JSON-ready by its own word."""
    plain: Json = json.loads(json.dumps(value))
    return plain


def _means_facts(means: KeyEstablishmentMeans | None) -> Json:
    if means is None:
        return None
    return {
        "credentials": [_credentials_facts(one) for one in means.credentials],
        "open_clusters": [*sorted(means.open_clusters)],
        "ephemeral_seconds": means.ephemeral_seconds,
        "confirm_seconds": means.confirm_seconds,
        "epoch": None if means.epoch is None else means.epoch.isoformat(),
    }


def _credentials_facts(credentials: Credentials) -> Json:
    suite = credentials.suite
    return {
        "suite": suite.number,
        "certificate": credentials.octets.hex(),
        "private_key": suite.private_key_octets_of(credentials.private_key).hex(),
        "ca_public_key": suite.curve.encode(credentials.ca_public_key).hex(),
    }


def _means(stored: Mapping[str, Any] | None, computer: Computer) -> KeyEstablishmentMeans | None:
    if stored is None:
        return None
    epoch = stored["epoch"]
    return KeyEstablishmentMeans(
        tuple(_credentials(one) for one in stored["credentials"]),
        computer,
        frozenset(stored["open_clusters"]),
        stored["ephemeral_seconds"],
        stored["confirm_seconds"],
        None if epoch is None else datetime.fromisoformat(epoch),
    )


def _credentials(stored: Mapping[str, Any]) -> Credentials:
    parts: Sequence[bytes] = [bytes.fromhex(stored[key]) for key in ("certificate", "private_key", "ca_public_key")]
    return check_credentials(suite_numbered(stored["suite"]), *parts)


def _rng_facts(rng: Random) -> Json:
    try:
        _, state, gauss = rng.getstate()
    except NotImplementedError as error:
        what = "a device that draws from the system's randomness cannot be recorded"
        raise BadInput(what, allowed="streams under a seed, which may be a secret one") from error
    return {"words": _RNG_WORDS.pack(*state[:-1]).hex(), "index": state[-1], "gauss": gauss}


def _rng(header: Mapping[str, Any]) -> Random:
    stored, rng = header["rng"], Random()
    words = _RNG_WORDS.unpack(bytes.fromhex(stored["words"]))
    rng.setstate((_RNG_VERSION, (*words, stored["index"]), stored["gauss"]))
    return rng


def _nobody_listens(kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
    """What a device reports is no part of what is compared."""


# --- a bridge --------------------------------------------------------------------------------------------------------


def _bridge(header: Mapping[str, Any], port: ApsPort, computer: Computer, own_keys: OwnKeys) -> Bridge:
    gbcs, memory, key = header["gbcs"], header["memory"], header["image_key"]
    identity = None if gbcs is None else DeviceIdentity(DeviceState.from_dict(gbcs), own_keys)
    return Bridge(
        port,
        _profile(header, JoinerProfile),
        BridgeCredentials(bytes.fromhex(header["install_code_key"]), identity, _means(header["cbke"], computer)),
        Standards(header["standards"]),
        _rng(header),
        _nobody_listens,
        memory=None if memory is None else BridgeMemory(_flash(memory)),
        verifier=not_checked if key is None else verifier_from(bytes.fromhex(key), "image_key"),
        epoch=datetime.fromisoformat(header["epoch"]),
    )


def _profile(header: Mapping[str, Any], kind: type[Any]) -> Any:  # noqa: ANN401 - of that kind
    stored = dict(header["profile"])
    name = str(stored.pop("name"))
    return kind.model_validate_json(json.dumps(stored)).named(Path(f"{name}.toml"))


def _image_key(verifier: Verifier) -> str | None:
    if verifier is not_checked:
        return None
    if not isinstance(verifier, EcdsaP256Verifier):
        raise BadInput("a check of signatures of one's own cannot be recorded", allowed="ecdsa-p256, or none")
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return verifier.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def _flash_facts(flash: Flash) -> Json:
    regions = {name: base64.b85encode(zlib.compress(octets)).decode() for name, octets in flash._regions.items()}
    return {"writes": flash.writes, "regions": {**regions}}


def _flash(stored: Mapping[str, Any]) -> Flash:
    flash = Flash()
    left = _FLASH_LIMIT
    for name, packed in stored["regions"].items():
        unpacking = zlib.decompressobj()
        octets = unpacking.decompress(base64.b85decode(packed), left + 1)
        left -= len(octets)
        if left < 0 or not unpacking.eof:
            raise ValueError(f"memory of over {_FLASH_LIMIT} octets")
        flash.region(name)[:] = octets
    flash.writes = int(stored["writes"])
    return flash


# --- a hub -----------------------------------------------------------------------------------------------------------


def _hub(header: Mapping[str, Any], port: ApsPort, computer: Computer, own_keys: OwnKeys) -> CommsHub:
    kept = header["kept"]
    return CommsHub(
        port,
        _profile(header, HubProfile),
        Standards(header["standards"]),
        _rng(header),
        _nobody_listens,
        DeviceIdentity(DeviceState.from_dict(header["chf"]), own_keys),
        cbke=_means(header["cbke"], computer),
        epoch=datetime.fromisoformat(header["epoch"]),
        kept=None if kept is None else HubKept.from_dict(kept),
    )
