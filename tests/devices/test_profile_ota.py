"""What a profile and the standards make of the OTA client."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.core.clock import HOUR, SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.core.standards import Standards
from emulator.devices.profile import JoinerProfile, OtaClientTable, Signature
from emulator.devices.profile_loading import load_joiner
from emulator.devices.profile_ota import (
    client_identity,
    client_settings,
    ota_aps_acks,
    public_key_path,
    signature_verifier,
)
from emulator.image.catalogue import ready_made
from emulator.image.signature import SignatureStatus
from emulator.ota.settings import ClientSettings


def with_table(**keys: object) -> JoinerProfile:
    return load_joiner("bridge-1").model_copy(update={"ota": OtaClientTable.model_validate(keys)})


def test_a_silent_profile_follows_the_standards() -> None:
    standards = Standards({"ota_block_octets": 40, "ota_poll_hours": 2.0, "limits.image_octets": 1_000})
    settings = client_settings(with_table(), standards)
    assert (settings.block_octets, settings.poll_interval, settings.image_limit_octets) == (40, 2 * HOUR, 1_000)


def test_the_profile_goes_before_the_standards() -> None:
    profile = with_table(block_octets=64, poll_interval_s=90.0, aps_acks=False)
    settings = client_settings(profile, Standards({"ota_block_octets": 40}))
    assert (settings.block_octets, settings.poll_interval) == (64, 90 * SECOND)
    assert ota_aps_acks(profile, Standards()) is False
    assert ota_aps_acks(with_table(), Standards({"ota_aps_acks": True})) is True


def test_every_key_of_the_table_reaches_the_client() -> None:
    keys: dict[str, float] = {
        "block_octets": 1,
        "page_requests": True,
        "page_octets": 2,
        "page_spacing_ms": 3,
        "min_block_period_ms": 4,
        "send_node_address": True,
        "response_timeout_s": 5.5,
        "retries": 6,
        "query_retries": 7,
        "end_retries": 8,
        "start_delay_s": 9.0,
        "start_jitter_s": 10.0,
        "poll_interval_s": 11.0,
        "poll_jitter_s": 12.0,
        "resume_interval_s": 13.0,
        "resumes": 14,
    }
    assert set(keys) | {"aps_acks"} == set(OtaClientTable.model_fields)
    settings, default = client_settings(with_table(**keys), Standards()), ClientSettings()
    for key, value in keys.items():
        name = key.removesuffix("_s")
        assert getattr(settings, name) != getattr(default, name)
        assert getattr(settings, name) == (value if name == key else round(value * SECOND))


def test_the_identity_is_that_of_the_product() -> None:
    identity = client_identity(load_joiner("bridge-3"), Eui64(0x1234))
    assert (identity.manufacturer_code, identity.image_type, identity.hardware_version) == (0x1B03, 0x00B3, 0x0102)
    assert identity.eui64 == 0x1234


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_bridge_trusts_the_image_that_ships_for_it(number: int) -> None:
    octets = ready_made(f"b{number}").read_bytes()
    check = signature_verifier(load_joiner(f"bridge-{number}"), Standards())
    assert check(octets) is SignatureStatus.GOOD
    assert check(octets[:-1] + bytes([octets[-1] ^ 1])) is SignatureStatus.BAD


def test_without_a_scheme_nothing_is_checked() -> None:
    profile = load_joiner("bridge-1").model_copy(update={"signature": Signature()})
    assert public_key_path(profile) is None
    assert signature_verifier(profile, Standards())(b"anything") is SignatureStatus.NOT_CHECKED


def test_a_key_beside_the_profile_comes_first(tmp_path: Path) -> None:
    profile = load_joiner("bridge-1")
    key = public_key_path(profile)
    assert key is not None
    (tmp_path / "mine.toml").write_bytes(profile.path.read_bytes())
    (tmp_path / key.name).write_bytes(key.read_bytes())
    assert public_key_path(load_joiner(tmp_path / "mine.toml")) == tmp_path / key.name


def test_a_key_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    text = load_joiner("bridge-1").path.read_text().replace("test_signing_key.pub.pem", "absent.pem")
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(BadInput, match=r"absent\.pem"):
        signature_verifier(load_joiner(tmp_path / "mine.toml"), Standards())


def test_the_switch_image_signature_turns_every_check_off() -> None:
    octets = ready_made("b2").read_bytes()
    assert signature_verifier(load_joiner("bridge-1"), Standards())(octets[:-1] + b"?") is SignatureStatus.BAD
    off = Standards({"image_signature": "none"})
    assert signature_verifier(load_joiner("bridge-1"), off)(octets[:-1] + b"?") is SignatureStatus.NOT_CHECKED
