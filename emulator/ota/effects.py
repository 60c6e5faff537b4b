"""What the two machines ask of the device around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from emulator.core.events import Value
from emulator.zigbee.clusters.ota import ImageIdentity


class Send(NamedTuple):
    """Client: send a cluster command to the server that was found; a tuple, as one is made for every block.

    Attributes:
        sequence: ZCL transaction sequence number, a new one for every message, repetitions included.
    """

    command_id: int
    payload: bytes
    sequence: int


class Reply(NamedTuple):
    """Server: send a cluster command to a client in answer to its request; a tuple, as one is made for every block.

    Attributes:
        to: EUI-64 of the client.
        sequence: ZCL transaction sequence number of the request.
    """

    to: int
    command_id: int
    payload: bytes
    sequence: int


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """Server: send a cluster command that answers nothing; the device picks the sequence number.

    Attributes:
        to: EUI-64 of the client, or None for a broadcast.
    """

    to: int | None
    command_id: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class DefaultResponse:
    """Either side: send a ZCL Default Response.

    Attributes:
        to: EUI-64 of the client; None where the client itself sends, to its server.
        command_id: the command it answers.
        sequence: that command's transaction sequence number.
    """

    to: int | None
    command_id: int
    status: int
    sequence: int


@dataclass(frozen=True, slots=True)
class FindServer:
    """Client: look for an OTA server (ZDO match descriptors) and answer with `ServerFound`."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Client: check the image in the slot (hash, signature) and answer with `Verified`."""

    image: ImageIdentity


@dataclass(frozen=True, slots=True)
class Activate:
    """Client: run the image in the slot, and answer with `Activated` or, after the restart, `Started`.

    Attributes:
        reason: None where the server said so, else why it is done all the same, e.g. `upgrade-timeout`.
    """

    image: ImageIdentity
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Something to put into the event log; `reason` stands with every drop, retry and refusal."""

    kind: str
    reason: str | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finished:
    """Server: no more is to be expected of this client and this image.

    Attributes:
        client: EUI-64.
        image: what it was offered.
        status: SUCCESS where it said that it has the image, verified; else why not (`Status`).
        reason: None for success, machine-readable otherwise, e.g. `invalid-image`, `image-overwritten`.
    """

    client: int
    image: ImageIdentity
    status: int
    reason: str | None = None


ClientEffect = Send | DefaultResponse | FindServer | Verify | Activate | Report
ServerEffect = Reply | Unsolicited | DefaultResponse | Report | Finished


def image_fields(image: ImageIdentity) -> dict[str, Value]:
    """An image as the fields of a report."""
    return {
        "manufacturer": f"{image.manufacturer_code:04x}",
        "image_type": f"{image.image_type:04x}",
        "version": f"{image.file_version:08X}",
        "size": image.image_size,
    }
