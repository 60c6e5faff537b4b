"""Bad images, made from good ones: each named, each with the reason for which it must be refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from emulator.core.errors import BadInput
from emulator.image.build import ERASED, build_image, default_limit
from emulator.image.file import OtaFile
from emulator.image.header import FIXED_OCTETS, MAGIC, WILDCARD_VERSION, OtaHeader
from emulator.image.signature import TRAILER_OCTETS, EcdsaP256Signer, Signer, signature_of

_HEADER_LENGTH_AT = 6
_TOTAL_SIZE_AT = 52
_OLDEST_VERSION = 0x00000001
_NO_HARDWARE = (0xFE00, 0xFEFF)
_DAMAGED_OCTETS = 64
_NO_LIMIT = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Spoiling:
    """What a mutation is told.

    Attributes:
        file: a good image.
        signer: signs again what is to be wrong in one thing only; None leaves the old signature, wrong by then too.
        limit: octets of the largest file that is allowed.
        at: the octet to spoil; None takes one in the middle of the body.
    """

    file: OtaFile
    signer: Signer | None = None
    limit: int | None = None
    at: int | None = None

    @property
    def payload(self) -> bytes:
        """The body without the signature."""
        body = self.file.body
        return body[:-TRAILER_OCTETS] if signature_of(body) is not None else body

    def rebuilt(self, header: OtaHeader, payload: bytes | None = None) -> bytes:
        """A consistent file of another header or payload, signed again where there is a signer."""
        payload = self.payload if payload is None else payload
        if self.signer is not None:
            return build_image(header, payload, self.signer, _NO_LIMIT).octets
        trailer = self.file.body[len(self.payload) :]
        return OtaFile.of(header, payload + trailer).octets


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to spoil an image.

    Attributes:
        name: as in `althan image mutate --how NAME`.
        what: what it does, in one line.
        reason: why the result must be refused, as `verify` or the reader says it.
        apply: does it.
    """

    name: str
    what: str
    reason: str
    apply: Callable[[Spoiling], bytes]


def mutate(
    file: OtaFile, name: str, *, signer: Signer | None = None, limit: int | None = None, at: int | None = None
) -> bytes:
    """Spoil `file`; the octets that come of it, which need be no OTA file any more.

    Args:
        file: a good image; it is not changed.
        name: one of `MUTATIONS`.
        signer: signs again after changes to header fields or payload that are not themselves about the signature.
        limit: octets of the largest file, for `over-limit`; None takes the default.
        at: the octet to spoil, counted from the beginning of the file, for `flip-octet` and `truncate`.

    Raises:
        BadInput: no mutation has that name, or the image has nothing that it could spoil.
    """
    mutation = MUTATIONS.get(name)
    if mutation is None:
        raise BadInput(f"no mutation is called {name!r}", where="--how", allowed=", ".join(MUTATIONS))
    if at is not None and not 0 <= at < file.size:
        raise BadInput(f"octet {at} is not in the file", where="--at", allowed=f"0 to {file.size - 1}")
    return mutation.apply(Spoiling(file, signer, limit, at))


def _middle(job: Spoiling) -> int:
    """An octet of the payload, unless one was asked for."""
    return job.at if job.at is not None else job.file.header.header_length + len(job.payload) // 2


def _overwritten(octets: bytes, position: int, new: bytes) -> bytes:
    return octets[:position] + new + octets[position + len(new) :]


def _inverted(octets: bytes) -> bytes:
    return bytes(octet ^ 0xFF for octet in octets)


def _flip_octet(job: Spoiling) -> bytes:
    position = _middle(job)
    return _overwritten(job.file.octets, position, _inverted(job.file.octets[position : position + 1]))


def _damaged_body(job: Spoiling) -> bytes:
    if not job.payload:
        raise BadInput("has no payload to damage", where="image")
    start = job.file.header.header_length
    damaged = _inverted(job.payload[:_DAMAGED_OCTETS])
    return _overwritten(job.file.octets, start, damaged)


def _truncate(job: Spoiling) -> bytes:
    return job.file.octets[: _middle(job)]


def _trailing_octets(job: Spoiling) -> bytes:
    return job.file.octets + ERASED * 16


def _empty(_job: Spoiling) -> bytes:
    return b""


def _wrong_magic(job: Spoiling) -> bytes:
    return _overwritten(job.file.octets, 0, MAGIC[::-1])


def _wrapped(job: Spoiling) -> bytes:
    return b"WRAPPER\0" + job.file.octets


def _header_length_short(job: Spoiling) -> bytes:
    return _overwritten(job.file.octets, _HEADER_LENGTH_AT, (FIXED_OCTETS - 2).to_bytes(2, "little"))


def _total_size_long(job: Spoiling) -> bytes:
    return _overwritten(job.file.octets, _TOTAL_SIZE_AT, (job.file.size + 1).to_bytes(4, "little"))


def _total_size_short(job: Spoiling) -> bytes:
    return _overwritten(job.file.octets, _TOTAL_SIZE_AT, (job.file.size - 1).to_bytes(4, "little"))


def _total_size_endless(job: Spoiling) -> bytes:
    return _overwritten(job.file.octets, _TOTAL_SIZE_AT, b"\xff\xff\xff\xff")


def _over_limit(job: Spoiling) -> bytes:
    limit = default_limit() if job.limit is None else job.limit
    missing = limit + 1 - len(job.rebuilt(job.file.header))
    if missing < 0:
        raise BadInput(f"already over the limit of {limit} octets", where="image")
    return job.rebuilt(job.file.header, job.payload + ERASED * missing)


def _with_version(version: int) -> Callable[[Spoiling], bytes]:
    return lambda job: job.rebuilt(replace(job.file.header, file_version=version))


def _wrong_manufacturer(job: Spoiling) -> bytes:
    header = job.file.header
    return job.rebuilt(replace(header, manufacturer_code=header.manufacturer_code ^ 0x00FF))


def _wrong_type(job: Spoiling) -> bytes:
    header = job.file.header
    return job.rebuilt(replace(header, image_type=header.image_type ^ 0x00FF))


def _wrong_hardware(job: Spoiling) -> bytes:
    lowest, highest = _NO_HARDWARE
    header = replace(job.file.header, minimum_hardware_version=lowest, maximum_hardware_version=highest)
    return job.rebuilt(header)


def _signed(job: Spoiling) -> bytes:
    """The signature there is; BadInput where there is none to spoil."""
    signature = signature_of(job.file.octets)
    if signature is None:
        raise BadInput("carries no signature", where="image", allowed="an image signed by the scheme ecdsa-p256")
    return signature


def _bad_signature(job: Spoiling) -> bytes:
    signature = _signed(job)
    return job.file.octets[: -len(signature)] + _inverted(signature[:1]) + signature[1:]


def _wrong_signer(job: Spoiling) -> bytes:
    _signed(job)
    return build_image(job.file.header, job.payload, _stranger(), _NO_LIMIT).octets


def _unsigned(job: Spoiling) -> bytes:
    _signed(job)
    return OtaFile.of(job.file.header, job.payload).octets


def _stranger() -> EcdsaP256Signer:
    """A signer whom nobody trusts, always the same."""
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = int.from_bytes(hashlib.sha256(b"althan: a signer whom nobody trusts").digest(), "big")
    return EcdsaP256Signer(ec.derive_private_key(secret, ec.SECP256R1()))


_TABLE = (
    Mutation("flip-octet", "inverts one octet, in the middle of the body or at --at", "bad-signature", _flip_octet),
    Mutation("damaged-body", "inverts the first 64 octets behind the header", "bad-signature", _damaged_body),
    Mutation("bad-signature", "inverts one octet of the signature", "bad-signature", _bad_signature),
    Mutation("wrong-signer", "signs with the key of a stranger", "bad-signature", _wrong_signer),
    Mutation("unsigned", "takes the signature away, sizes agree", "unsigned", _unsigned),
    Mutation(
        "older-version",
        "file version 00000001, signed again with --key",
        "not-an-upgrade",
        _with_version(_OLDEST_VERSION),
    ),
    Mutation(
        "reserved-version",
        "file version FFFFFFFF, signed again with --key",
        "reserved-version",
        _with_version(WILDCARD_VERSION),
    ),
    Mutation(
        "wrong-manufacturer",
        "another manufacturer code, signed again with --key",
        "wrong-manufacturer",
        _wrong_manufacturer,
    ),
    Mutation("wrong-type", "another image type, signed again with --key", "wrong-image-type", _wrong_type),
    Mutation(
        "wrong-hardware", "hardware versions fe00 to feff, signed again with --key", "wrong-hardware", _wrong_hardware
    ),
    Mutation(
        "over-limit", "one octet over the limit, sizes agree, signed again with --key", "image-too-large", _over_limit
    ),
    Mutation("empty", "no octets at all", "empty", _empty),
    Mutation("truncate", "cuts the file off in the middle of the body or at --at", "truncated", _truncate),
    Mutation("trailing-octets", "16 octets behind the end that the header declares", "total-size", _trailing_octets),
    Mutation("wrong-magic", "the file identifier in the wrong octet order", "not-an-ota-file", _wrong_magic),
    Mutation("wrapped", "8 octets before the file, as makers' wrappers have them", "wrapped", _wrapped),
    Mutation(
        "header-length-lies",
        "a header length shorter than its fields",
        "header-length",
        _header_length_short,
    ),
    Mutation("total-size-lies", "one octet less than there is, in the header", "total-size", _total_size_short),
    Mutation("total-size-long", "one octet more than there is, in the header", "truncated", _total_size_long),
    Mutation("total-size-endless", "a total image size of FFFFFFFF", "truncated", _total_size_endless),
)
MUTATIONS = {mutation.name: mutation for mutation in _TABLE}
"""Every mutation by name, in the order in which they are listed."""
