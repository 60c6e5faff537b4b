"""The in-memory air: a medium of IEEE 802.15.4 frames with radios on it, and a cheaper model at APS level.

`mem:frames`: radio (CSMA/CA, acknowledgements) on a medium (airtime, collisions, loss), a soft node on each radio.
`mem:aps`: the same `ApsPort` with computed airtime and no frames, for fleets.  Both run on a `Scheduler` and a
`Topology`.  Key changes, rejoins and their reasons are the same in both (`aps_keys`, `aps_rotation`, `aps_rejoin`).

Of `mem:aps`, `aps_air` carries frames that nobody makes, `aps_network` knows the members of a network and the ways
between them, and `aps_port` is one device: the way in, and what the others see of it.  Its `aps_management` brings it
into networks and out of them (`aps_join`, `aps_rejoin`), its `aps_sending` has its messages carried (`aps_transfer`,
`aps_broadcast`, `aps_held`), `aps_idle` books what it does meanwhile, `aps_link_keys` holds its link keys.
"""
