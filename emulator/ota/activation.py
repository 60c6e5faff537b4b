"""When to activate: what an Upgrade End Response says about time."""

from __future__ import annotations

from emulator.core.clock import SECOND
from emulator.ota.client_table import Trigger
from emulator.ota.errors import Unacceptable
from emulator.ota.settings import ClientSettings
from emulator.zigbee.clusters.ota import (
    ANY_FILE_VERSION,
    ANY_IMAGE_TYPE,
    ANY_MANUFACTURER,
    WAIT_FOR_COMMAND,
    ImageIdentity,
    UpgradeActivationPolicy,
    UpgradeEndResponse,
)


def time_left(current_time: int, later: int) -> int:
    """µs from `current_time` to `later`, both ZCL UTCTime in seconds; a current time of 0 makes `later` an offset."""
    return max(0, later - current_time) * SECOND


def check_answer(answer: UpgradeEndResponse, image: ImageIdentity) -> None:
    """Unacceptable (`wrong-identity`) where the answer is for another image; wildcards are for every one."""
    fits = (
        answer.manufacturer_code in {image.manufacturer_code, ANY_MANUFACTURER}
        and answer.image_type in {image.image_type, ANY_IMAGE_TYPE}
        and answer.file_version in {image.file_version, ANY_FILE_VERSION}
    )
    if not fits:
        raise Unacceptable("wrong-identity", command="upgrade-end-response")


def weigh_answer(answer: UpgradeEndResponse, settings: ClientSettings) -> tuple[Trigger, int, str | None]:
    """What an answer means: the trigger, µs to the activation, and why where it is not followed to the letter."""
    if settings.activation_policy is UpgradeActivationPolicy.OUT_OF_BAND:
        return Trigger.GO_EXTERNAL, 0, None
    if answer.upgrade_time == WAIT_FOR_COMMAND:
        return Trigger.GO_WAIT, 0, None
    left = time_left(answer.current_time, answer.upgrade_time)
    if left > settings.count_down_limit:
        return Trigger.GO_WAIT, 0, "upgrade-time-limit"
    return (Trigger.GO_LATER if left else Trigger.GO_NOW), left, None
