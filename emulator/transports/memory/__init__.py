"""The in-memory air: a medium of IEEE 802.15.4 frames with radios on it, and a cheaper model at APS level.

`mem:frames`: radio (CSMA/CA, acknowledgements) on a medium (airtime, collisions, loss), a soft node on each radio.
`mem:aps`: the same `ApsPort` with computed airtime and no frames, for fleets.  Both run on a `Scheduler` and a
`Topology`.  Key changes, rejoins and their reasons are the same in both (`aps_keys`, `aps_rotation`, `aps_rejoin`).
"""
