"""Recipes: an image described in TOML, built to the same octets every time.

name = "b1"
[header]                               # what the OTA header says
manufacturer = 0x1B01
image_type = 0x00B1
version = 0x00020000
hardware = [0x0100, 0x01FF]            # left out: a header without hardware versions
text = "Bridge 1 firmware"
[payload]
pattern = "pseudo-random"              # or "zeros", or "file" with file = "NAME"
seed = "bridge-1"
size = 768_000                         # octets of the whole file
small_size = 4_096                     # of the ready-made one
[signature]
scheme = "ecdsa-p256"                  # or "none"
key = "keys/test_signing_key.pem"      # beside the recipe
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from emulator.image.build import Fill, build_image, build_sized, default_limit, padded
from emulator.image.file import OtaFile, read_octets
from emulator.image.header import HEADER_STRING_OCTETS, OtaHeader, header_string
from emulator.image.signature import SCHEME_ECDSA_P256, EcdsaP256Signer, load_signer
from emulator.image.toml import read_model

Unsigned16 = Annotated[int, Field(ge=0, le=0xFFFF)]
Unsigned32 = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
Text = Annotated[str, StringConstraints(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class HeaderTable(_Table):
    """What the OTA header says; what is not named here is as in Great Britain's files."""

    manufacturer: Unsigned16
    image_type: Unsigned16
    version: Unsigned32
    hardware: Annotated[list[Unsigned16], Field(min_length=2, max_length=2)] | None = None
    text: str = ""
    stack_version: Unsigned16 = 2
    security_credential_version: Annotated[int, Field(ge=0, le=0xFF)] | None = None

    @model_validator(mode="after")
    def _possible(self) -> HeaderTable:
        if self.hardware and self.hardware[0] > self.hardware[1]:
            raise ValueError("hardware: the lowest version comes first")
        if (octets := len(self.text.encode())) > HEADER_STRING_OCTETS:
            raise ValueError(f"text: {octets} octets, at most {HEADER_STRING_OCTETS} are allowed")
        return self


class PayloadTable(_Table):
    """What the manufacturer image is made of."""

    pattern: Literal["pseudo-random", "zeros", "file"] = "pseudo-random"
    seed: str = ""
    file: Text | None = None
    size: Annotated[int, Field(ge=60, le=0xFFFFFFFF)] | None = None
    small_size: Annotated[int, Field(ge=60, le=0xFFFFFFFF)] | None = None

    @model_validator(mode="after")
    def _sources(self) -> PayloadTable:
        if (self.pattern == "file") != (self.file is not None):
            raise ValueError('file: goes with pattern = "file", and only with it')
        if self.pattern != "file" and self.size is None:
            raise ValueError("size: needed unless the payload is a file")
        return self


class SignatureTable(_Table):
    """How the manufacturer signs."""

    scheme: Literal["none", "ecdsa-p256"] = "none"
    key: Text | None = None

    @model_validator(mode="after")
    def _keyed(self) -> SignatureTable:
        if (self.scheme == SCHEME_ECDSA_P256) != (self.key is not None):
            raise ValueError('key: goes with scheme = "ecdsa-p256", and only with it')
        return self


class RecipeTables(_Table):
    """A recipe as its file has it."""

    name: Text
    header: HeaderTable
    payload: PayloadTable
    signature: SignatureTable = SignatureTable()


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image, described; `path` is the recipe's own file, and where others stand beside it."""

    header: HeaderTable
    payload: PayloadTable
    signature: SignatureTable = field(default_factory=SignatureTable)
    name: str = ""
    path: Path = Path("recipe")

    @property
    def folder(self) -> Path:
        """Where its payload and key files are looked for."""
        return self.path.parent

    def files(self) -> tuple[Path, ...]:
        """Every file that building reads, the recipe included."""
        named = (self.payload.file, self.signature.key)
        return (self.path, *(self.folder / name for name in named if name is not None))

    def ota_header(self) -> OtaHeader:
        """The header, its total image size not yet set."""
        table = self.header
        lowest, highest = table.hardware or (None, None)
        return OtaHeader(
            manufacturer_code=table.manufacturer,
            image_type=table.image_type,
            file_version=table.version,
            header_string=header_string(table.text),
            stack_version=table.stack_version,
            security_credential_version=table.security_credential_version,
            minimum_hardware_version=lowest,
            maximum_hardware_version=highest,
        )

    def signer(self) -> EcdsaP256Signer | None:
        """The signer, None where the image stays unsigned; BadInput where its key cannot be used."""
        key = self.signature.key
        return load_signer(self.folder / key) if key is not None else None

    def build(self, size: int | None = None, limit: int | None = None) -> OtaFile:
        """The image, of `size` octets or of what the recipe says; BadInput where it cannot be built.

        Args:
            size: octets of the whole file.
            limit: octets of the largest file; None takes the default.
        """
        limit = default_limit() if limit is None else limit
        size = self.payload.size if size is None else size
        if size is not None:
            return build_sized(self.ota_header(), size, self._fill(limit), self.signer(), limit)
        return build_image(self.ota_header(), self._payload_file(limit), self.signer(), limit)

    def _fill(self, limit: int) -> Fill:
        if self.payload.pattern == "file":
            return padded(self._payload_file(limit))
        return bytes if self.payload.pattern == "zeros" else pseudo_random(self.payload.seed, self.header.version)

    def _payload_file(self, limit: int) -> bytes:
        assert self.payload.file is not None
        return read_octets(self.folder / self.payload.file, limit)


def pseudo_random(seed: str, version: int) -> Fill:
    """Octets that look like firmware to anything that measures: SHAKE-256 of seed and version, never the same for two.

    A shorter payload is the beginning of a longer one.
    """
    return hashlib.shake_256(f"althan firmware {seed} {version:08X}".encode()).digest


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; BadInput, one line naming file, key, value and what is allowed, for anything wrong with it."""
    tables = read_model(path, RecipeTables)
    return Recipe(tables.header, tables.payload, tables.signature, tables.name, path)
