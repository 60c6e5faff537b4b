"""zigpy as a library, on a virtual stick: it forms, lets an emulated bridge in, interviews it and updates it."""

from __future__ import annotations

import asyncio
import random
import struct
from typing import Any

import pytest
import zigpy.ota.image
import zigpy.types
from bellows.zigbee.application import ControllerApplication  # type: ignore[import-untyped]
from zigpy.ota import OtaImageWithMetadata
from zigpy.ota.providers import BaseOtaImageMetadata

from emulator.image.build import build_image
from emulator.image.catalogue import recipe_matching
from emulator.image.file import OtaFile
from emulator.zigbee.security.keys import install_code_key
from tests.e2e.sticks.bench import BRIDGE, INSTALL_CODE, Bench, bench

pytestmark = pytest.mark.e2e

IMAGE_OCTETS = 20_000
LIMIT_S = 120


def configuration(path: str) -> dict[str, Any]:
    return {
        "device": {"path": path},
        "database_path": None,
        "use_thread": False,
        "ota": {"enabled": False},
        "backup_enabled": False,
        "network": {"channel": 15, "channels": [15]},
    }


def image_for(tested: Bench) -> OtaFile:
    """An image with a sub-element, which is what zigpy reads: Great Britain's form has none."""
    profile = tested.bridge.profile
    header = recipe_matching(profile.manufacturer, profile.image_type).ota_header()
    body = random.Random(3).randbytes(IMAGE_OCTETS)
    return build_image(header, struct.pack("<HI", 0, len(body)) + body)


async def form(tested: Bench) -> Any:
    application = ControllerApplication(configuration(tested.socket))
    await application.connect()
    await application.form_network(fast=True)
    await application.start_network()
    return application


async def interviewed(tested: Bench, application: Any) -> Any:
    """Let the bridge in under its install code; what zigpy has learnt of it."""
    found: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    class Listener:
        def device_initialized(self, device: Any) -> None:
            if not found.done():
                found.set_result(device)

    application.add_listener(Listener())
    ieee, _ = zigpy.types.EUI64.deserialize(int(BRIDGE).to_bytes(8, "little"))
    await application.permit_with_link_key(ieee, zigpy.types.KeyData(install_code_key(INSTALL_CODE)), 60)
    tested.power_on()
    return await asyncio.wait_for(found, LIMIT_S)


@pytest.mark.parametrize("version", [13, 17])
def test_a_bridge_joins_by_its_install_code_and_is_interviewed(version: int) -> None:
    async def main() -> None:
        async with bench(version) as tested:
            application = await form(tested)
            device = await interviewed(tested, application)
            assert device.model == tested.bridge.profile.model
            endpoint = device.endpoints[1]
            shown = tested.bridge.profile.endpoint
            assert tuple(endpoint.in_clusters) == shown.in_clusters
            assert tuple(endpoint.out_clusters) == shown.out_clusters
            assert tested.kinds("ezsp.refused") == []
            await application.disconnect()

    asyncio.run(asyncio.wait_for(main(), LIMIT_S))


def test_its_own_server_updates_the_bridge_to_the_last_octet() -> None:
    async def main() -> None:
        async with bench() as tested:
            application = await form(tested)
            device = await interviewed(tested, application)
            image = image_for(tested)
            firmware, rest = zigpy.ota.image.parse_ota_image(image.octets)
            assert rest == b""
            header = image.header
            metadata = BaseOtaImageMetadata(
                file_version=header.file_version,
                manufacturer_id=header.manufacturer_code,
                image_type=header.image_type,
            )
            await device.update_firmware(OtaImageWithMetadata(metadata=metadata, firmware=firmware))
            assert tested.bridge.version == header.file_version
            (received,) = tested.kinds("bridge.image-received")
            assert received.fields["sha256"] == image.sha256().hex()
            assert [event.reason for event in tested.kinds("ota.end")] == ["success"]
            await application.disconnect()

    asyncio.run(asyncio.wait_for(main(), 2 * LIMIT_S))
