"""zigpy's own OTA server in the place of our hub: the same sticks, the same bridge, the same meter."""

from __future__ import annotations

import asyncio
from typing import Any

import zigpy.ota.image
import zigpy.types
from bellows.zigbee.application import ControllerApplication  # type: ignore[import-untyped]
from zigpy.ota import OtaImageWithMetadata
from zigpy.ota.providers import BaseOtaImageMetadata

from benchmarks.child import Measured
from benchmarks.probes.sticks import INSTALL_CODE, LIMIT_S, Meter, OnTheAir, image_for, on_the_air, quick, until
from emulator.core.standards import Standards
from emulator.devices.bridge.model import Bridge
from emulator.devices.profile import JoinerProfile
from emulator.zigbee.clusters.definition import HOME_AUTOMATION_PROFILE
from emulator.zigbee.clusters.ota import OTA_CLUSTER
from emulator.zigbee.security.keys import install_code_key

PERMIT_S = 60


def update(*, size: int, version: int) -> Measured:
    """Our bridge from zigpy, blocks of 50 octets as zigpy has it, over TCP.

    Args:
        size: octets of the image.
        version: of EZSP.
    """
    return asyncio.run(asyncio.wait_for(_update(size, version), LIMIT_S))


async def _update(size: int, version: int) -> Measured:
    meter = Meter()
    standards = Standards({"ota_aps_security": False, "gbcs_transport": "none", "image_signature": "none"})
    async with on_the_air(meter) as air:
        stick, address = await air.tcp(version)
        meter.watch(stick)
        bridge = await air.bridge(version, home_automation(), standards)
        application = await formed(address.device)
        device = await interviewed(air, application, bridge)
        image = image_for(bridge.profile, size)
        firmware, _ = zigpy.ota.image.parse_ota_image(image.octets)
        header = image.header
        metadata = BaseOtaImageMetadata(
            file_version=header.file_version, manufacturer_id=header.manufacturer_code, image_type=header.image_type
        )
        update = asyncio.ensure_future(
            device.update_firmware(OtaImageWithMetadata(metadata=metadata, firmware=firmware))
        )
        await until(lambda: meter.blocks or update.done())
        update.cancel()
        await asyncio.wait((update,))
        await application.disconnect()
    return meter.measured()


def home_automation() -> JoinerProfile:
    """A bridge that speaks the profile of hosts that know no other."""
    profile = quick("bridge-1", 50)
    endpoint = profile.endpoint.model_copy(update={"out_clusters": (OTA_CLUSTER,)})
    return profile.changed(profile_id=HOME_AUTOMATION_PROFILE, endpoint=endpoint)


async def formed(path: str) -> Any:  # noqa: ANN401 - bellows says nothing of types
    """A network of zigpy's."""
    application = ControllerApplication(
        {
            "device": {"path": path},
            "database_path": None,
            "use_thread": False,
            "ota": {"enabled": False},
            "backup_enabled": False,
            "network": {"channel": 15, "channels": [15]},
        }
    )
    await application.connect()
    await application.form_network(fast=True)
    await application.start_network()
    return application


async def interviewed(air: OnTheAir, application: Any, bridge: Bridge) -> Any:  # noqa: ANN401 - as above
    """Let the bridge in, and wait until zigpy knows it."""
    found: list[Any] = []

    class Listener:
        def device_initialized(self, device: object) -> None:
            found.append(device)

    application.add_listener(Listener())
    ieee, _ = zigpy.types.EUI64.deserialize(int(bridge.eui64).to_bytes(8, "little"))
    key = zigpy.types.KeyData(install_code_key(INSTALL_CODE))
    await application.permit_with_link_key(ieee, key, PERMIT_S)
    air.power_on(bridge)
    await until(lambda: found)
    return found[0]
