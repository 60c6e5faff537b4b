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
    Assumption("join.parent", "a router is not told its parent: 0xFFFF stands for it", "network.whereabouts"),
    Assumption("allow.transient", "a key allowed is a transient key, put in the key table once the device announced",
               "keys.Keys.allow"),
    Assumption("keys.trust-centre-link", "importKey(TC_LINK) replaces the key in force of a device on the network",
               "settings.KeyMethod"),
    Assumption("keys.link-table", "importLinkKey with index 255 takes the device's entry, or a free one",
               "keys.Keys.put_in_force"),
    Assumption("keys.offered", "a transient key opens what a known device sends, and its counter says that it did",
               "keys.Keys.offered_is_used"),
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
               "network.rotate"),
    Assumption("swap-out", "an unsecured rejoin accepts the next trust centre under the hash of the link key",
               "network.rejoin"),
    Assumption("stop", "a stick that was reset and not told to go on is off the air", "stick.Stick.reset"),
)  # fmt: skip
"""Every one; names are unique."""
