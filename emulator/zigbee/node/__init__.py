"""The soft node: our own MAC, NWK and APS over a `Phy`, offering what an `ApsPort` offers.

Imports `core`, `ports` and the frames and security of `zigbee`.  One sans-IO object, `Node`: calls and frames go in
with `now`, frames go out through the `Phy` port, indications through the `ApsUser`; between calls it says by
`next_timeout` when it wants to be called again.  Layers call each other directly, because a frame crosses three of
them; what must outlive a power cut is in `NodeMemory`, everything else is thrown away by `stop`.

`node` is the way in: it holds the parts together and forwards to them.  `network_management` forms, joins, goes on
with, swaps and leaves networks; `layers` is what exists while the node is on the air and hands what the MAC brings to
whoever deals with it; `off_channel` takes it away from its network for a scan; `news` is what the device is told, and
when; `key_ring` the keys that the device sets and asks for.

`stack` is NWK, APS, ZDO and key management of a node in a network, and what passes between them.  Below it `mac`,
`nwk` with `discovery`, `broadcasting` and `nwk_security`, `aps` with `aps_sending` and `aps_security`; beside it what
lasts as long as the network does: `polling` of a sleeping device, `permit_joining`, `parting`, `loopback`.

What a virtual stick needs of its chip is here too, and off by default: `scanning`, `host_fragments` (the device above
counts the blocks of long messages), ZDO requests passed up (`zdo`), joining opened to anybody (`key_ring`), `facts`
that it asks for and `watching`, by which it is told.

Who is in a network stays in it: `rejoining` finds another parent, the network key that was missed, or the next trust
centre, whose network has the same extended PAN id and which knows the hash of the link key before; `readmission`,
`children` and `family` are the parent's part, `trust_centre` and `key_rotation` the trust centre's, `network_keys` what
every node does with another key.  Who asks to come back without protection changes nothing that anybody keeps until it
has spoken under the network key; only association and the call of an orphan (IEEE 802.15.4) go by trust.
"""
