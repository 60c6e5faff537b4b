"""The keys of a hub or a bridge on a stick: GBCS keys, and what it establishes link keys with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emulator.cbke.credentials import Credentials
from emulator.control.live.opening import Opened
from emulator.control.live.plan import StickPlan
from emulator.control.shared_authority import SharedAuthority, check_suites
from emulator.control.shared_pki import SharedPki
from emulator.core.rng import SystemStreams
from emulator.devices.profile import DeviceProfile
from emulator.gbcs.pki_folder import KEY_ESTABLISHMENT
from emulator.runtime.computing import ThreadComputer
from emulator.runtime.key_authority import KeyAuthority

OWN_PKI = "pki"
"""Subfolder of the state, where no PKI is shared."""


@dataclass(frozen=True, slots=True)
class LiveKeys:
    """Where the keys of one device are.

    Attributes:
        shared: the PKI; folder: where it is.
        is_shared: whether others use it too.
    """

    shared: SharedPki
    folder: Path
    is_shared: bool

    @classmethod
    def open(cls, plan: StickPlan, one: Opened) -> LiveKeys:
        """The PKI that the plan names, or that of the state, made if missing; BadInput where it cannot be used."""
        folder = plan.pki or one.state.folder / OWN_PKI
        return cls(SharedPki(folder, None), folder, plan.pki is not None)

    def authority(self, ca: Path | None) -> SharedAuthority:
        """The test CA of key establishment: `ca`, or that beside the PKI; made if it is missing."""
        return SharedAuthority(self.folder / KEY_ESTABLISHMENT, ca, SystemStreams(), within=self.folder)

    @property
    def has_authority(self) -> bool:
        """Whether there is a test CA beside the PKI."""
        return (self.folder / KEY_ESTABLISHMENT).is_dir()


def key_authority(
    credentials: Credentials | None, profile: DeviceProfile, plan: StickPlan, one: Opened
) -> KeyAuthority:
    """Gives the one device of a run these credentials; None where its profile names its own."""
    if credentials is not None:
        check_suites(credentials, profile.cbke.suites, plan.port.text)
    own = () if credentials is None else (credentials,)
    clock = one.clock
    return KeyAuthority(
        lambda _eui64, _suites: own, lambda: ThreadComputer(clock), plan.standards, one.kept.epoch
    )  # fmt: skip
