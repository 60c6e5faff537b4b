"""Small images that every test of the image package starts from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.image.build import build_sized
from emulator.image.catalogue import recipes_folder
from emulator.image.file import OtaFile
from emulator.image.header import OtaHeader, header_string
from emulator.image.recipe import pseudo_random
from emulator.image.signature import EcdsaP256Signer, load_signer


@pytest.fixture(scope="session")
def signer() -> EcdsaP256Signer:
    return load_signer(recipes_folder() / "keys" / "test_signing_key.pem")


@pytest.fixture(scope="session")
def gb_header() -> OtaHeader:
    return OtaHeader(
        manufacturer_code=0x1B01,
        image_type=0x00B1,
        file_version=0x00020000,
        header_string=header_string("a test image"),
        minimum_hardware_version=0x0100,
        maximum_hardware_version=0x01FF,
    )


@pytest.fixture(scope="session")
def good(gb_header: OtaHeader, signer: EcdsaP256Signer) -> OtaFile:
    """A signed image in Great Britain's form, of 1000 octets."""
    return build_sized(replace(gb_header), 1000, pseudo_random("test", 1), signer)
