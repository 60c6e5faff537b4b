"""What is taken for granted of real sticks and proven by no source: for the check of the user's own sticks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that may be otherwise; `place` is the module, and the function or setting, that would change."""

    name: str
    text: str
    place: str


ASSUMPTIONS = (
    Assumption("join.security-bits", "a joiner sets HAVE_PRECONFIGURED_KEY and REQUIRE_ENCRYPTED_KEY alone",
               "structures.security_of_joiner"),
    Assumption("form.security-bits", "a trust centre with a global key that nobody knows lets in by transient keys",
               "structures.security_of_trust_centre"),
    Assumption("form.policy", "rejoins need the link key in the table; joins the transient one of an install code",
               "setup.trust_centre_policy"),
    Assumption("join.failure-statuses", "which status ends a join with a wrong key, and that there is one",
               "status.JOIN_FAILURES"),
    Assumption("join.parent", "a router is told through whom it joined, and 0xFFFF stands for nobody",
               "network.whereabouts"),
    Assumption("allow.transient", "a key allowed is a transient key, put in the key table once the device announced",
               "keys.allow"),
    Assumption("keys.trust-centre-link", "importKey(TC_LINK) replaces the key in force of a device on the network",
               "settings.KeyMethod"),
    Assumption("keys.link-table", "importLinkKey takes the device's entry, or a free one, which findKeyTableEntry "
               "gives for address 0", "keys.put_in_force"),
    Assumption("keys.offered", "a transient key opens what a known device sends, and its counter says that it did",
               "keys.offered_is_used"),
    Assumption("send.unacknowledged", "messageSentHandler comes for unicasts without APS acknowledgement as well",
               "sending.Outbox"),
    Assumption("send.overhead", "an APS link key costs 9 octets of a whole message and at most 17 of a block",
               "sending.Outbox"),
    Assumption("fragments.first", "the stick gives the first block its APS counter and takes it for the others",
               "sending.Outbox"),
    Assumption("fragments.reply", "sendReply with window bits and its first block acknowledges a window",
               "fragments.Reassembly"),
    Assumption("receive.link-key", "the option ENCRYPTION is set on what came under a link key",
               "receiving.Receiver"),
    Assumption("network-key.rotation", "broadcastNextNetworkKey and, later, broadcastNetworkKeySwitch bring in a key",
               "key_rotation.KeyRotation"),
    Assumption("swap-out", "an unsecured rejoin accepts the next trust centre under the hash of the link key",
               "network.rejoin"),
    Assumption("stop", "a stick that was reset and not told to go on is off the air", "stick.Stick.reset"),
    # --- what a stick takes
    Assumption("setup.policies", "every policy that is set is taken", "setup.POLICIES"),
    Assumption("setup.configuration", "KEY_TABLE_SIZE, APPLICATION_ZDO_FLAGS and FRAGMENT_WINDOW_SIZE are taken as set",
               "setup.set_up"),
    Assumption("cbke.on-stick", "no library of key establishment is there: CBKE is done on the host",
               "check.alone.own_cbke"),
    Assumption("mfglib.listen", "mfglibStart, mfglibSetChannel and mfglibEnd are there and taken", "sniffer.listening"),
    Assumption("scan.active", "a stick without a network scans for others", "network.scan"),
    Assumption("form.network", "formNetwork ends in NETWORK_UP, with channel, PAN and network key as they were given",
               "network.form"),
    Assumption("keys.transient", "importTransientKey takes a key for one device, gives it back and forgets it",
               "keys.allow"),
    Assumption("fragments.option", "sendUnicast takes blocks (option FRAGMENT) and gives them an APS counter",
               "sending.Outbox"),
    Assumption("send.nobody", "a unicast to nobody ends in a status of messageSentHandler that is known here",
               "status.outcome_of"),
    Assumption("resume.hub", "after a reset, networkInit brings a trust centre back into its network",
               "network.resume"),
    Assumption("leave", "leaveNetwork ends in NETWORK_DOWN, and networkInit knows of no network afterwards",
               "network.leave"),
    # --- joining and what is told of it
    Assumption("join.sleepy", "a sleepy end device joins under the same security bits", "network.join"),
    Assumption("join.closed", "joining where it is not permitted ends in a status that is known here",
               "status.JOIN_FAILURES"),
    Assumption("join.told", "trustCenterJoinHandler tells a hub of who joined, childJoinHandler the parent",
               "callbacks.DeviceKnocked"),
    Assumption("join.announced", "APPLICATION_ZDO_FLAGS shows the host the announcement of who joined",
               "receiving.Receiver"),
    # --- link keys
    Assumption("keys.table-for-centre", "importLinkKey for its trust centre replaces the key that a joiner has with it",
               "settings.KeyMethod"),
    Assumption("keys.old-refused", "once another link key is in force, what comes under the one before is dropped",
               "keys.put_in_force"),
    # --- long messages, sleep
    Assumption("fragments.windows", "windows of 1, 3 and 8 blocks work, if both hosts have the same",
               "fragments.Reassembly"),
    Assumption("poll", "pollForData is taken, and a sleepy device then gets what is sent to it", "network.poll"),
    Assumption("poll.parent-lost", "pollCompleteHandler or a status tells of a parent that does not answer any more",
               "rejoining.Rejoining"),
    # --- out of a network and back
    Assumption("stop.silent", "nobody acknowledges a message to a stick that was reset", "stick.Stick.reset"),
    Assumption("resume.router", "after a reset, networkInit brings a router back into its network", "network.resume"),
    Assumption("resume.sleepy", "after a reset, networkInit brings a sleepy end device back to its parent",
               "network.resume"),
    Assumption("rejoin.secured", "findAndRejoinNetwork with the network key ends in NETWORK_UP", "network.rejoin"),
    Assumption("rejoin.unsecured", "findAndRejoinNetwork without it ends in NETWORK_UP, under the link key in force",
               "network.rejoin"),
    Assumption("leave.told", "a trust centre is told of a router that leaves", "devices.Devices"),
    Assumption("remove.request", "Mgmt_Leave_req puts a device out, and its host is told", "devices.Devices.remove"),
    Assumption("remove.device", "removeDevice puts a device out, and its host is told", "devices.Devices.remove"),
)  # fmt: skip
"""Every one; names are unique."""
