"""From a profile to the credentials of key establishment that it names."""

from __future__ import annotations

from datetime import datetime

from emulator.cbke.credential_text import load_credentials
from emulator.cbke.credentials import Credentials
from emulator.cbke.suite import SUITES
from emulator.devices.profile import DeviceProfile


def own_credentials(profile: DeviceProfile, at: datetime | None = None) -> Credentials | None:
    """What the profile's files hold, found beside it; None where it names none.

    Args:
        profile: the device's.
        at: the date, UTC, at which the certificate must be valid; None: whatever its dates say.

    Raises:
        BadCredentials: a file is missing or damaged, they do not belong together, or the certificate is not valid then.
    """
    table = profile.cbke
    if table.certificate is None or table.private_key is None or table.ca_public_key is None:
        return None
    folder = profile.path.parent
    names = (table.certificate, table.private_key, table.ca_public_key)
    return load_credentials(SUITES[table.suites[0]], *(folder / name for name in names), at=at)
