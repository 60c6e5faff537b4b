"""The soft node: our own MAC, NWK and APS over a `Phy`, offering what an `ApsPort` offers.

Imports `core`, `ports` and the frames and security of `zigbee`.  One sans-IO object, `Node`: calls and frames go in
with `now`, frames go out through the `Phy` port, indications through the `ApsUser`; between calls it says by
`next_timeout` when it wants to be called again.  Layers call each other directly, because a frame crosses three of
them; what must outlive a power cut is in `NodeMemory`, everything else is thrown away by `stop`.

What a virtual stick needs of its chip is here too, and off by default: `scanning`, `host_fragments` (the device above
counts the blocks of long messages), ZDO requests passed up (`zdo`), joining opened to anybody (`key_ring`), `facts`.

Who is in a network stays in it: `rejoining` finds another parent, the network key that was missed, or the next trust
centre, whose network has the same extended PAN id and which knows the hash of the link key before; `readmission`,
`children` and `family` are the parent's part, `trust_centre` and `key_rotation` the trust centre's, `network_keys` what
every node does with another key.  Who asks to come back without protection changes nothing that anybody keeps until it
has spoken under the network key; only association and the call of an orphan (IEEE 802.15.4) go by trust.
"""
