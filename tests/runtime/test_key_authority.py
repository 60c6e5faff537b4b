"""Certificates of a run: its own are valid whatever its date, those that a profile names are looked at before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import emulator
from emulator.cbke.authority import CertificateAuthority
from emulator.cbke.authority_folder import (
    CA_PUBLIC_KEY,
    authority_files,
    certificate_file,
    device_files,
    private_key_file,
)
from emulator.cbke.certificate import NO_END
from emulator.cbke.credentials import BadCredentials
from emulator.cbke.suite import SUITES
from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64
from emulator.core.events import Event
from emulator.core.rng import SeededStreams
from emulator.devices.profile_loading import load_hub, load_joiner
from emulator.runtime.simulation import Simulation

EUI64 = Eui64(0x00DB1234567890B1)
HUB_EUI64 = Eui64(0x00DB1234567890A1)
BRIDGE_1 = load_joiner("bridge-1").path
HUB = load_hub("hub").path
DATES = {
    "before": datetime(2019, 7, 1, tzinfo=UTC),
    "virtual": VIRTUAL_EPOCH,
    "after": datetime(2031, 7, 1, 12, 30, 15, tzinfo=UTC),
}


async def keys_of_a_run(epoch: datetime, *, set_to: dict[str, object] | None = None, **profiles: Path) -> list[Event]:
    """The end of every key establishment of a HAN whose bridge joins; `bridge`, `hub`: profiles of the test's own."""
    events: list[Event] = []
    async with Simulation(7, fidelity="aps", epoch=epoch, standards=set_to, sinks=[events.append]) as sim:
        hub, bridge = (str(profiles.get(name, default)) for name, default in (("hub", "hub"), ("bridge", "bridge-1")))
        await sim.han(hub=hub, bridges=[bridge])
    return [event for event in events if event.kind.endswith((".established", ".failed")) and "cbke" in event.kind]


@pytest.mark.parametrize("epoch", DATES.values(), ids=DATES)
async def test_certificates_of_the_run_are_valid_at_its_date(epoch: datetime) -> None:
    ends = await keys_of_a_run(epoch)
    assert [event.kind for event in ends] == ["cbke.initiator.established", "cbke.responder.established"]


def test_a_device_has_the_same_certificate_in_a_run_of_any_date_since() -> None:
    profile = load_joiner("bridge-1")
    octets = []
    for epoch in DATES.values():
        authority = Simulation(7, epoch=epoch).authority
        assert authority is not None
        octets.append(authority.means(EUI64, profile).credentials[0].octets)
    before, virtual, after = octets
    assert virtual == after
    assert before != virtual


def profile_with_files(folder: Path, since: datetime, valid_for: int, like: Path = BRIDGE_1) -> Path:
    """A profile that names a certificate with these dates, by a CA of the test's own, and else is as another."""
    streams = SeededStreams(3)
    authority = CertificateAuthority.generate(SUITES[2], streams)
    eui64 = EUI64 if like == BRIDGE_1 else HUB_EUI64
    own = authority.issue(eui64, streams, since, valid_for)
    for name, one in (authority_files(authority) | device_files([own])).items():
        (folder / name).write_text(one.text)
    names = (certificate_file(eui64), private_key_file(eui64), CA_PUBLIC_KEY)
    keys = ("certificate", "private_key", "ca_public_key")
    table = "".join(f'{key} = "{name}"\n' for key, name in zip(keys, names, strict=True))
    profile = folder / f"my-{like.name}"
    profile.write_text(f"{like.read_text()}\n[cbke]\n{table}")
    return profile


UNTIMELY: dict[str, tuple[datetime, int, Sequence[str]]] = {
    "expired": (datetime(2020, 1, 1, tzinfo=UTC), 86_400, ("2020-01-01 00:00:00 UTC to 2020-01-02 00:00:00 UTC",)),
    "not-yet-valid": (datetime(2026, 5, 1, tzinfo=UTC), NO_END, ("from 2026-05-01 00:00:00 UTC on",)),
}


@pytest.mark.parametrize("reason", UNTIMELY)
async def test_a_profiles_certificate_outside_its_dates_is_one_line_with_file_and_dates(
    tmp_path: Path, reason: str
) -> None:
    since, valid_for, words = UNTIMELY[reason]
    profile = profile_with_files(tmp_path, since, valid_for)
    with pytest.raises(emulator.BadInput) as caught:
        await keys_of_a_run(VIRTUAL_EPOCH, bridge=profile)
    assert isinstance(caught.value, BadCredentials)
    assert caught.value.reason == reason
    for word in (
        certificate_file(EUI64),
        reason.replace("-", " "),
        *words,
        "2026-01-01 00:00:00 UTC",
        "cbke.time_checks=false",
    ):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("owner", ["bridge", "hub"])
async def test_a_certificate_that_expires_once_the_run_has_begun_is_refused_by_the_other_side(
    tmp_path: Path, owner: str
) -> None:
    likes = {"bridge": BRIDGE_1, "hub": HUB}
    valid_for = {"bridge": NO_END, "hub": NO_END} | {owner: 86_400}
    since = VIRTUAL_EPOCH - timedelta(days=1)
    profiles = {name: profile_with_files(tmp_path, since, valid_for[name], like) for name, like in likes.items()}
    ends = await keys_of_a_run(VIRTUAL_EPOCH, bridge=profiles["bridge"], hub=profiles["hub"])
    refusing = "cbke.initiator.failed" if owner == "hub" else "cbke.responder.failed"
    assert {event.reason for event in ends if event.kind == refusing} == {"certificate-expired"}
    assert {event.kind for event in ends} == {"cbke.initiator.failed", "cbke.responder.failed"}


@pytest.mark.parametrize("reason", UNTIMELY)
async def test_with_the_switch_off_such_a_certificate_gets_a_key(tmp_path: Path, reason: str) -> None:
    since, valid_for, _ = UNTIMELY[reason]
    bridge = profile_with_files(tmp_path, since, valid_for)
    hub = profile_with_files(tmp_path, VIRTUAL_EPOCH, NO_END, HUB)
    ends = await keys_of_a_run(VIRTUAL_EPOCH, set_to={"cbke.time_checks": False}, bridge=bridge, hub=hub)
    assert [event.kind for event in ends] == ["cbke.initiator.established", "cbke.responder.established"]


@pytest.mark.parametrize("late", [0, 1])
async def test_the_date_of_the_run_decides_and_not_that_of_virtual_time(tmp_path: Path, late: int) -> None:
    profile = load_joiner(str(profile_with_files(tmp_path, datetime(2030, 1, 1, tzinfo=UTC), 86_400)))
    authority = Simulation(7, epoch=datetime(2030, 1, 2, tzinfo=UTC) + timedelta(seconds=late)).authority
    assert authority is not None
    if late:
        with pytest.raises(BadCredentials):
            authority.means(EUI64, profile)
    else:
        assert authority.means(EUI64, profile).credentials[0].eui64 == EUI64
