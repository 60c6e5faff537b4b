"""The soft node: our own MAC, NWK and APS over a `Phy`, offering what an `ApsPort` offers.

Imports `core`, `ports` and the frames and security of `zigbee`.  One sans-IO object, `Node`: calls and frames go in
with `now`, frames go out through the `Phy` port, indications through the `ApsUser`; between calls it says by
`next_timeout` when it wants to be called again.  Layers call each other directly, because a frame crosses three of
them; what must outlive a power cut is in `NodeMemory`, everything else is thrown away by `stop`.
"""
