"""Networks: find, form, join, leave one, and say how it stands."""

from __future__ import annotations

from typing import Final

from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ncp.chip import Answer, Chip, Values
from emulator.ncp.commands.configuration import MAX_END_DEVICE_CHILDREN, configured
from emulator.ncp.commands.scanning import ScanCallbacks
from emulator.ncp.ezsp.status import Status
from emulator.ports.aps import JoinSettings, NetworkSettings, NodeType
from emulator.zigbee.node.facts import NetworkFacts, NetworkState
from emulator.zigbee.node.hop import FIRST_BROADCAST
from emulator.zigbee.node.memory import Child
from emulator.zigbee.node.scanning import CHANNELS, LONGEST_DURATION, ScanKind

NODE_TYPES: Final = {NodeType.COORDINATOR: 1, NodeType.ROUTER: 2, NodeType.SLEEPY: 4}
"""EmberNodeType."""
_JOINABLE: Final = {2: NodeType.ROUTER, 4: NodeType.SLEEPY}
_STATES: Final = {
    NetworkState.NO_NETWORK: 0,
    NetworkState.JOINING: 1,
    NetworkState.JOINED: 2,
    NetworkState.LOST: 3,
    NetworkState.LEAVING: 4,
}
_SCANS: Final = {0: ScanKind.ENERGY, 1: ScanKind.ACTIVE}
"""EzspNetworkScanType."""
_FOREVER: Final = 0xFF
_ALWAYS: Final = 1 << 61
"""µs; no run gets so far."""
_ANY_PAN: Final = 0xFFFF
_LAST_PAN: Final = 0xFFFE
_HAVE_NETWORK_KEY: Final = 0x0200
_HAVE_TRUST_CENTRE: Final = 0x0040
_KEY_OCTETS: Final = 16
_UNITS: Final = {1: 1_000, 2: 250_000, 3: 60 * SECOND}
"""EmberEventUnits in µs."""
_NO_ADDRESS: Final = 0xFFFF
_UNKNOWN_COST: Final = 0
_ACTIVE_ROUTE: Final = 0


def network_state(chip: Chip, _values: Values, _now: int) -> Answer:
    """`networkState`."""
    return {"status": _STATES[chip.node.facts.state]}


def network_init(chip: Chip, _values: Values, now: int) -> Answer:
    """`networkInit`: go on with the network that flash holds."""
    facts = chip.node.facts
    if facts.state is not NetworkState.NO_NETWORK:
        return {"status": Status.INVALID_CALL}
    if not facts.remembers_network or chip.flash.node_type is None:
        return {"status": Status.NOT_JOINED}
    chip.configure(chip.flash.node_type)
    chip.port.resume(now)
    return {"status": Status.SUCCESS}


def form_network(chip: Chip, values: Values, now: int) -> Answer:
    """`formNetwork`: as coordinator and trust centre, under the key of setInitialSecurityState or a random one."""
    security, parameters = chip.ram.security, values["parameters"]
    if chip.node.facts.state is not NetworkState.NO_NETWORK:
        return {"status": Status.INVALID_CALL}
    if security is None:
        return {"status": Status.SECURITY_STATE_NOT_SET}
    if parameters["radioChannel"] not in CHANNELS:
        return {"status": Status.PHY_INVALID_CHANNEL}
    given = bool(security["bitmask"] & _HAVE_NETWORK_KEY)
    key = security["networkKey"] if given else chip.rng.randbytes(_KEY_OCTETS)
    trust_centre = security["preconfiguredTrustCenterEui64"] if security["bitmask"] & _HAVE_TRUST_CENTRE else 0
    settings = NetworkSettings(
        parameters["radioChannel"],
        _pan_id(chip, parameters["panId"]),
        Eui64(parameters["extendedPanId"] or chip.eui64),
        bytes(key),
        security["networkKeySequenceNumber"] if given else 0,
        parameters["nwkUpdateId"],
        Eui64(trust_centre) if trust_centre else None,
    )
    _remember(chip, NodeType.COORDINATOR)
    chip.configure(NodeType.COORDINATOR)
    # Hosts that restore a backup import its link keys first, and clear the table where they want it empty.
    link_keys = chip.node.facts.link_keys()
    chip.port.form(settings, now)
    for known in link_keys:
        chip.port.set_link_key(known.partner, known.key, now)
    return {"status": Status.SUCCESS}


def _pan_id(chip: Chip, wanted: int) -> int:
    return chip.rng.randrange(1, _LAST_PAN) if wanted == _ANY_PAN else wanted


def _remember(chip: Chip, node_type: NodeType) -> None:
    chip.flash.node_type = node_type
    chip.flash.security_bitmask = 0 if chip.ram.security is None else chip.ram.security["bitmask"]
    chip.kept()


def join_network(chip: Chip, values: Values, now: int) -> Answer:
    """`joinNetwork`: as a router or a sleepy end device; how it ends is told by stackStatusHandler."""
    node_type, parameters = _JOINABLE.get(values["nodeType"]), values["parameters"]
    if chip.node.facts.state is not NetworkState.NO_NETWORK:
        return {"status": Status.INVALID_CALL}
    if node_type is None:
        return {"status": Status.BAD_ARGUMENT}
    if chip.ram.security is None:
        return {"status": Status.SECURITY_STATE_NOT_SET}
    if parameters["radioChannel"] not in CHANNELS:
        return {"status": Status.PHY_INVALID_CHANNEL}
    _remember(chip, node_type)
    chip.configure(node_type)
    wanted, pan_id = parameters["extendedPanId"], parameters["panId"]
    settings = JoinSettings(
        (parameters["radioChannel"],), Eui64(wanted) if wanted else None, None if pan_id == _ANY_PAN else pan_id
    )
    chip.port.join(settings, now)
    return {"status": Status.SUCCESS}


def leave_network(chip: Chip, _values: Values, now: int) -> Answer:
    """`leaveNetwork`: for good; stackStatusHandler tells when it is done."""
    if chip.node.facts.state is NetworkState.NO_NETWORK:
        return {"status": Status.INVALID_CALL}
    chip.port.leave(now)
    chip.flash.node_type = None
    chip.kept()
    return {"status": Status.SUCCESS}


def find_and_rejoin_network(chip: Chip, values: Values, now: int) -> Answer:
    """`findAndRejoinNetwork`: what is told of it, `Move` says; the channels are those that the soft node looks on."""
    if chip.node.facts.network() is None or chip.flash.node_type is NodeType.COORDINATOR:
        return {"status": Status.INVALID_CALL}
    chip.move.ask(now, have_key=bool(values["haveCurrentNetworkKey"]))
    return {"status": Status.SUCCESS}


def permit_joining(chip: Chip, values: Values, now: int) -> Answer:
    """`permitJoining`: so many seconds, 0xFF for ever, with this stick as the parent; others are told by the host."""
    duration = values["duration"]
    if chip.node.facts.network() is None:
        return {"status": Status.INVALID_CALL}
    until = None if duration == _FOREVER else now + duration * SECOND
    chip.node.permit_joining_here(_ALWAYS if until is None else until)
    chip.joining_permitted(until, now)
    return {"status": Status.SUCCESS}


def start_scan(chip: Chip, values: Values, now: int) -> Answer:
    """`startScan`."""
    kind, channels = _SCANS.get(values["scanType"]), [one for one in CHANNELS if values["channelMask"] >> one & 1]
    if chip.node.scanning:
        return {"status": Status.MAC_SCANNING}
    if kind is None:
        return {"status": Status.MAC_INCORRECT_SCAN_TYPE}
    if not channels:
        return {"status": Status.MAC_INVALID_CHANNEL_MASK}
    if values["duration"] > LONGEST_DURATION:
        return {"status": Status.MAC_BAD_SCAN_DURATION}
    if chip.flash.node_type is None:
        chip.configure(NodeType.ROUTER)
    try:
        chip.port.scan(kind, channels, values["duration"], ScanCallbacks(chip), now)
    except LocalProtocolError:
        return {"status": Status.INVALID_CALL}
    return {"status": Status.SUCCESS}


def stop_scan(chip: Chip, _values: Values, now: int) -> Answer:
    """`stopScan`."""
    chip.port.stop_scan(now)
    return {"status": Status.SUCCESS}


def poll_for_data(chip: Chip, values: Values, _now: int) -> Answer:
    """`pollForData`: how often a sleepy stick asks its parent, and how many failures its host tolerates.

    An interval of 0 is to be a single poll: here it leaves the interval as it is, and the next poll is that one.
    """
    unit = _UNITS.get(values["units"])
    if chip.flash.node_type is not NodeType.SLEEPY:
        return {"status": Status.INVALID_CALL}
    if unit is not None and values["interval"]:
        chip.ram.poll_interval = values["interval"] * unit
        chip.configure(NodeType.SLEEPY)
    chip.polls.tolerate(values["failureLimit"])
    return {"status": Status.SUCCESS}


# --- how it stands ---------------------------------------------------------------------------------------------------


def parameters_of(facts: NetworkFacts) -> Answer:
    """EmberNetworkParameters."""
    return {
        "extendedPanId": int(facts.extended_pan_id),
        "panId": facts.pan_id,
        "radioTxPower": 8,
        "radioChannel": facts.channel,
        "joinMethod": 0,
        "nwkManagerId": 0,
        "nwkUpdateId": facts.update_id,
        "channels": 1 << facts.channel,
    }


def get_network_parameters(chip: Chip, _values: Values, _now: int) -> Answer:
    """`getNetworkParameters`."""
    facts = chip.node.facts.network()
    if facts is None:
        return {"status": Status.NOT_JOINED}
    return {
        "status": Status.SUCCESS,
        "nodeType": NODE_TYPES[facts.node_type],
        "parameters": parameters_of(facts),
    }


def get_node_id(chip: Chip, _values: Values, _now: int) -> Answer:
    """`getNodeId`: 0xFFFE in no network."""
    facts = chip.node.facts.network()
    return {"nodeId": 0xFFFE if facts is None else facts.short}


def get_eui64(chip: Chip, _values: Values, _now: int) -> Answer:
    """`getEui64`."""
    return {"eui64": int(chip.eui64)}


def get_parent_child_parameters(chip: Chip, _values: Values, _now: int) -> Answer:
    """`getParentChildParameters`: a router's parent is where it joined.

    It is undefined "for nodes without parents (coordinators and nodes that are not joined to a network)", says the
    SDK's `ezsp.h`, and of routers nothing; for the undefined there is 0xFFFF here.
    """
    network = chip.node.facts.network()
    has_one = network is not None and network.node_type is not NodeType.COORDINATOR
    parent = network.parent if network is not None and has_one else _NO_ADDRESS
    return {
        "childCount": len(end_devices(chip)),
        "parentEui64": int(chip.node.memory.eui64_of(parent) or 0),
        "parentNodeId": parent,
    }


def end_devices(chip: Chip) -> list[Child]:
    """The children that EZSP calls so."""
    return [child for child in chip.node.facts.children() if child.sleepy]


def get_child_data(chip: Chip, values: Values, _now: int) -> Answer:
    """`getChildData`: end devices; routers that joined here are neighbours."""
    children = end_devices(chip)
    index = values["index"]
    if index >= len(children):
        return {"status": Status.NOT_JOINED}
    child = children[index]
    data = {
        "eui64": int(child.eui64),
        "type": NODE_TYPES[NodeType.SLEEPY],
        "id": child.short,
    }
    return {"status": Status.SUCCESS, "childData": data}


def set_child_data(chip: Chip, values: Values, _now: int) -> Answer:
    """`setChildData`: a row of a backup's children, in force from the next reset on; a new row goes to the end."""
    child, children = values["childData"], end_devices(chip)
    if chip.node.facts.network() is None:
        return {"status": Status.INVALID_CALL}
    if values["index"] >= configured(chip, MAX_END_DEVICE_CHILDREN):
        return {"status": Status.INDEX_OUT_OF_RANGE}
    if child["type"] != NODE_TYPES[NodeType.SLEEPY] or child["id"] >= FIRST_BROADCAST:
        return {"status": Status.BAD_ARGUMENT}
    memory = chip.node.memory
    if values["index"] < len(children):
        memory.children.pop(children[values["index"]].short, None)
    memory.adopt(Child(Eui64(child["eui64"]), child["id"], sleepy=True))
    memory.learn(Eui64(child["eui64"]), child["id"])
    chip.ram.half_set_children.add(Eui64(child["eui64"]))
    chip.kept()
    return {"status": Status.SUCCESS}


def neighbor_count(chip: Chip, _values: Values, _now: int) -> Answer:
    """`neighborCount`."""
    return {"value": len(chip.node.facts.neighbours())}


def get_neighbor(chip: Chip, values: Values, _now: int) -> Answer:
    """`getNeighbor`."""
    neighbours = chip.node.facts.neighbours()
    index = values["index"]
    if index >= len(neighbours):
        return {"status": Status.ERR_FATAL}
    known = neighbours[index]
    entry = {
        "shortId": known.short,
        "averageLqi": known.lqi,
        "inCost": _UNKNOWN_COST,
        "outCost": _UNKNOWN_COST,
        "longId": int(chip.node.memory.eui64_of(known.short) or 0),
    }
    return {"status": Status.SUCCESS, "value": entry}


def get_route_table_entry(chip: Chip, values: Values, _now: int) -> Answer:
    """`getRouteTableEntry`."""
    routes = chip.node.facts.routes()
    index = values["index"]
    if index >= len(routes):
        return {"status": Status.ERR_FATAL}
    route = routes[index]
    entry = {"destination": route.destination, "nextHop": route.next_hop, "status": _ACTIVE_ROUTE}
    return {"status": Status.SUCCESS, "value": entry}
