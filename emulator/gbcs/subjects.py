"""Whom a certificate of the GBCS profile can be about, without X.509: what `certificates` turns into one.

Source: the certificates of RTDS 4.5.0.  The profile of a root, and of the authority that issues device certificates,
was not found: they follow the authority that issues organisation certificates, which is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.eui64 import Eui64
from emulator.gbcs.roles import KeyUsage, RemotePartyRole


@dataclass(frozen=True, slots=True)
class Device:
    """A device, for one of its keys.  Its certificates have no subject and never expire.

    Attributes:
        entity_id: its EUI-64.
        key_usage: what the key is for.
    """

    entity_id: Eui64
    key_usage: KeyUsage


@dataclass(frozen=True, slots=True)
class Organisation:
    """A remote party, for one of its keys; ten years.

    Attributes:
        entity_id: its entity identifier.
        role: what it is.
        key_usage: what the key is for.
        common_name: its name, which not every one has.
    """

    entity_id: Eui64
    role: RemotePartyRole
    key_usage: KeyUsage
    common_name: str | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """A root, which signs itself, or an authority below it, which issues certificates for 25 years.

    Attributes:
        common_name: its name.
        role: ROOT or ISSUING_AUTHORITY among organisations; None above devices.
        root: whether it is a root.
    """

    common_name: str
    role: RemotePartyRole | None = None
    root: bool = False


Subject = Device | Organisation | Authority
