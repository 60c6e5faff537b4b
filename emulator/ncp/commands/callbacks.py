"""What the stack tells, as the callbacks of EZSP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emulator.core.eui64 import Eui64
from emulator.ncp.chip import Answer, Chip
from emulator.ncp.commands.configuration import MESSAGE_CONTENTS_IN_CALLBACK_POLICY
from emulator.ncp.commands.message_types import (
    NO_INDEX,
    OPTION_ENCRYPTION,
    OPTION_FRAGMENT,
    OPTION_RETRY,
    IncomingType,
)
from emulator.ncp.commands.network import NODE_TYPES
from emulator.ncp.commands.wanted import is_wanted
from emulator.ncp.ezsp.status import Status
from emulator.ports.aps import (
    NO_ADDRESS,
    NOT_JOINED,
    ApsIndication,
    DeviceJoined,
    DeviceLeft,
    JoinRefused,
    NetworkDown,
    NetworkEvent,
    NetworkKeyChanged,
    NetworkUp,
    NodeType,
    Outcome,
)
from emulator.ports.phy import TxResult
from emulator.zigbee.node.memory import Child
from emulator.zigbee.security.keys import NO_LINK_KEY

_ZDO_RESPONSE_REQUIRED: Final = 0x4000
_SECURED_REJOIN, _UNSECURED_JOIN, _DEVICE_LEFT, _UNSECURED_REJOIN = 0, 1, 2, 3
"""EmberDeviceUpdate."""
_USE_PRECONFIGURED_KEY, _DENY_JOIN, _NO_ACTION = 0, 2, 3
"""EmberJoinDecision."""

_DOWN: Final[Mapping[str, Status]] = {
    "no-beacon": Status.NO_BEACONS,
    "no-key": Status.NO_NETWORK_KEY_RECEIVED,
    "key-refused": Status.NO_NETWORK_KEY_RECEIVED,
    "left": Status.NETWORK_DOWN,
    "removed": Status.NETWORK_DOWN,
}
"""What a host is told where the stack is off its network; any other reason is a join that failed."""

_OUTCOMES: Final[Mapping[Outcome, Status]] = {
    Outcome.DELIVERED: Status.SUCCESS,
    Outcome.TOO_LONG: Status.MESSAGE_TOO_LONG,
    Outcome.NO_KEY: Status.KEY_INVALID,
    Outcome.NOT_JOINED: Status.NETWORK_DOWN,
}
"""What became of a message; any other outcome is a delivery that failed."""


class Callbacks:
    """A `ChipUser` that tells the host.

    Args:
        chip: whose stack it is.
    """

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._members: set[Eui64] = set()
        self._children: dict[Eui64, Answer] = {}
        """What childJoinHandler said of each that is here."""

    def received(self, message: ApsIndication, now: int) -> None:
        """`incomingMessageHandler`."""
        answered_above = message.response_required
        if not answered_above and not is_wanted(self._chip, message.profile, message.cluster):
            return
        options = (OPTION_ENCRYPTION if message.link_key else 0) | (0 if message.broadcast else OPTION_RETRY)
        group = 0
        if answered_above:
            options |= _ZDO_RESPONSE_REQUIRED
        if message.fragment is not None:
            options |= OPTION_FRAGMENT
            group = (message.fragment.count or 0) << 8 | message.fragment.block
        elif message.group is not None:
            group = message.group
        frame = {
            "profileId": message.profile,
            "clusterId": message.cluster,
            "sourceEndpoint": message.source_endpoint,
            "destinationEndpoint": message.destination_endpoint,
            "options": options,
            "groupId": group,
            "sequence": message.counter,
        }
        values = {
            "type": _kind(message),
            "apsFrame": frame,
            "lastHopLqi": message.lqi,
            "lastHopRssi": message.rssi,
            "sender": message.source,
            "senderEui64": int(message.source_eui64 or 0),
            "bindingIndex": NO_INDEX,
            "addressIndex": NO_INDEX,
            "messageContents": message.payload,
        }
        self._chip.callback("incomingMessageHandler", values, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """`messageSentHandler`."""
        sending = self._chip.ram.sending.pop(handle, None)
        if sending is None:
            return
        wanted = self._chip.ram.policies.get(MESSAGE_CONTENTS_IN_CALLBACK_POLICY, 0) & 1
        values = {
            "type": sending.kind,
            "indexOrDestination": sending.destination,
            "apsFrame": sending.aps_frame,
            "messageTag": sending.tag,
            "status": _OUTCOMES.get(outcome, Status.DELIVERY_FAILED),
            "messageContents": sending.contents if wanted else b"",
        }
        self._chip.callback("messageSentHandler", values, now)

    def network(self, event: NetworkEvent, now: int) -> None:
        """`stackStatusHandler`; childJoinHandler and trustCenterJoinHandler for those the trust centre deals with."""
        if isinstance(event, NetworkUp):
            self._chip.move.reset()
            self._chip.status(Status.NETWORK_UP, now)
        elif isinstance(event, NetworkDown) and event.reason != NOT_JOINED:
            self._members.clear()
            self._children.clear()
            self._chip.move.reset()
            self._chip.status(_DOWN.get(event.reason, Status.JOIN_FAILED), now)
        elif isinstance(event, DeviceJoined):
            rejoins = event.eui64 in self._members
            self._members.add(event.eui64)
            self._child_joined(event, now)
            status = _SECURED_REJOIN if rejoins else _UNSECURED_JOIN
            self._joined(event.eui64, event.short, event.parent, status, _USE_PRECONFIGURED_KEY, now)
        elif isinstance(event, DeviceLeft):
            self._members.discard(event.eui64)
            self._child_left(event.eui64, now)
            self._joined(event.eui64, NO_ADDRESS, NO_ADDRESS, _DEVICE_LEFT, _NO_ACTION, now)
        elif isinstance(event, JoinRefused):
            returns = event.reason == NO_LINK_KEY or event.eui64 in self._members
            status = _UNSECURED_REJOIN if returns else _UNSECURED_JOIN
            self._joined(event.eui64, NO_ADDRESS, NO_ADDRESS, status, _DENY_JOIN, now)
        elif isinstance(event, NetworkKeyChanged):
            self._key_changed(now)
        self._chip.kept()

    def _key_changed(self, now: int) -> None:
        """`switchNetworkKeyHandler`."""
        network = self._chip.node.facts.network()
        if network is not None:
            self._chip.callback("switchNetworkKeyHandler", {"sequenceNumber": network.key_sequence}, now)

    def child_changed(self, child: Child, now: int, *, here: bool) -> None:
        """`childJoinHandler` of a router; a trust centre's comes with what else it has to tell of a device."""
        facts = self._chip.node.facts
        network, children = facts.network(), [each.eui64 for each in facts.children()]
        if network is None or network.node_type is NodeType.COORDINATOR:
            return
        if not here:
            self._child_left(child.eui64, now)
        elif child.eui64 in children:
            self._tell_child(child.eui64, child.short, children.index(child.eui64), now, sleepy=child.sleepy)
        self._chip.kept()

    def joining_permitted(self, until: int, now: int) -> None:
        """`stackStatusHandler`: that it is told of what comes over the air as of the command is an assumption."""
        self._chip.joining_permitted(until, now)

    def polled(self, result: TxResult, now: int, *, pending: bool) -> None:
        """`pollCompleteHandler`; a parent that answers is one."""
        self._chip.polls.done(result, now, pending=pending)
        if result is TxResult.ACKED and not self._chip.node.is_searching:
            self._chip.move.parent_heard(now)

    def search_began(self, now: int) -> None:
        """`stackStatusHandler`."""
        self._chip.move.search_began(now)

    def search_failed(self, reason: str, now: int) -> None:
        """`stackStatusHandler`, and what is tried next."""
        self._chip.move.search_failed(reason, now)

    def search_needless(self, now: int) -> None:
        """`stackStatusHandler`."""
        self._chip.move.parent_heard(now)

    def _child_joined(self, event: DeviceJoined, now: int) -> None:
        """`childJoinHandler`, where this trust centre is the parent itself."""
        facts = self._chip.node.facts
        network, children = facts.network(), [child.eui64 for child in facts.children()]
        if network is None or event.parent != network.short or event.eui64 not in children:
            self._child_left(event.eui64, now)
            return
        self._tell_child(event.eui64, event.short, children.index(event.eui64), now, sleepy=event.sleepy)

    def _tell_child(self, device: Eui64, short: int, index: int, now: int, *, sleepy: bool) -> None:
        self._children[device] = values = {
            "index": index,
            "joining": True,
            "childId": short,
            "childEui64": int(device),
            "childType": NODE_TYPES[NodeType.SLEEPY if sleepy else NodeType.ROUTER],
        }
        self._chip.callback("childJoinHandler", values, now)

    def _child_left(self, device: Eui64, now: int) -> None:
        """`childJoinHandler` again, for one that was told of."""
        values = self._children.pop(device, None)
        if values is not None:
            self._chip.callback("childJoinHandler", {**values, "joining": False}, now)

    def _joined(self, device: Eui64, short: int, parent: int, status: int, decision: int, now: int) -> None:
        values: Answer = {
            "newNodeId": short,
            "newNodeEui64": int(device),
            "status": status,
            "policyDecision": decision,
            "parentOfNewNodeId": parent,
        }
        self._chip.callback("trustCenterJoinHandler", values, now)


def _kind(message: ApsIndication) -> IncomingType:
    if not message.broadcast:
        return IncomingType.UNICAST
    return IncomingType.BROADCAST if message.group is None else IncomingType.MULTICAST
