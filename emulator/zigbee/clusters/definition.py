"""How a cluster is described: attributes and commands by number, as data that devices, decoders and reports share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emulator.zigbee.frames.zcl_types import DataType, Value

SMART_ENERGY_PROFILE = 0x0109
HOME_AUTOMATION_PROFILE = 0x0104
CLUSTER_REVISION = 0xFFFD
"""The attribute that every cluster has on both sides."""


class Side(Enum):
    """The half of a cluster that has an attribute, or receives a command."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """One attribute.

    Attributes:
        identifier: 16 bits.
        name: as the cluster library spells it.
        type: its data type.
        side: who has it.
        writable: others may write it.
        default: its value where a device says nothing; None for no default.
    """

    identifier: int
    name: str
    type: DataType
    side: Side = Side.SERVER
    writable: bool = False
    default: Value = None


@dataclass(frozen=True, slots=True)
class CommandDefinition:
    """One command of a cluster; `receiver` tells the two apart that share an identifier."""

    identifier: int
    name: str
    receiver: Side


@dataclass(frozen=True, slots=True)
class ClusterDefinition:
    """One cluster."""

    identifier: int
    name: str
    attributes: tuple[AttributeDefinition, ...] = ()
    commands: tuple[CommandDefinition, ...] = ()

    def attribute(self, identifier: int, side: Side = Side.SERVER) -> AttributeDefinition | None:
        """The attribute, or None; the global ones are those of every cluster."""
        for attribute in (*self.attributes, *GLOBAL_ATTRIBUTES):
            if attribute.identifier == identifier and attribute.side is side:
                return attribute
        return None

    def command(self, identifier: int, receiver: Side) -> CommandDefinition | None:
        """The command, or None."""
        for command in self.commands:
            if command.identifier == identifier and command.receiver is receiver:
                return command
        return None


GLOBAL_ATTRIBUTES = (
    AttributeDefinition(CLUSTER_REVISION, "ClusterRevision", DataType.UINT16, Side.SERVER),
    AttributeDefinition(CLUSTER_REVISION, "ClusterRevision", DataType.UINT16, Side.CLIENT),
)
