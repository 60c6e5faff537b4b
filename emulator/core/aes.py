"""AES-MMO, its keyed hash, and AES-CCM*: the only symmetric cryptography ZigBee has.

Source: ZigBee specification, annexes A to C, through published check vectors.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from emulator.core.errors import EmulatorError

BLOCK = 16
MIC_OCTETS = 4
_SHORT_LENGTH_LIMIT = 1 << 16


class MicError(EmulatorError):
    """A message whose integrity code does not match its octets and key."""


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(BLOCK, "big")


def _padding(length: int) -> bytes:
    """`80`, zeros, the length in bits: 16 bits wide, or 32 bits and two zero octets from 2^16 bits on."""
    bits = length * 8
    tail = bits.to_bytes(2, "big") if bits < _SHORT_LENGTH_LIMIT else bits.to_bytes(4, "big") + b"\0\0"
    return b"\x80" + bytes(-(length + 1 + len(tail)) % BLOCK) + tail


def aes_mmo(message: bytes) -> bytes:
    """Matyas-Meyer-Oseas hash over AES-128; 16 octets."""
    padded = message + _padding(len(message))
    digest = bytes(BLOCK)
    for start in range(0, len(padded), BLOCK):
        block = padded[start : start + BLOCK]
        # ECB of one block is the bare AES permutation that the construction asks for.
        encryptor = Cipher(algorithms.AES(digest), modes.ECB()).encryptor()  # noqa: S305 - as above
        digest = _xor(encryptor.update(block), block)
    return digest


def hmac_aes_mmo(key: bytes, message: bytes) -> bytes:
    """The keyed hash of ZigBee (HMAC of FIPS 198 over AES-MMO); `key` is 16 octets."""
    inner = aes_mmo(_xor(key, b"\x36" * BLOCK) + message)
    return aes_mmo(_xor(key, b"\x5c" * BLOCK) + inner)


class CcmStar:
    """AES-CCM* with a four-octet MIC under one key (security level 5), kept because set-up costs most."""

    __slots__ = ("_cipher", "key")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._cipher = AESCCM(key, tag_length=MIC_OCTETS)

    def seal(self, nonce: bytes, header: bytes, payload: bytes) -> bytes:
        """Encrypt `payload`, authenticate `header` and it; ciphertext and MIC.  `nonce` is 13 octets."""
        return self._cipher.encrypt(nonce, payload, header)

    def open(self, nonce: bytes, header: bytes, sealed: bytes) -> bytes:
        """The plaintext; MicError if key, nonce or any octet is wrong."""
        try:
            return self._cipher.decrypt(nonce, sealed, header)
        except (InvalidTag, ValueError) as error:
            raise MicError("integrity code does not match") from error
