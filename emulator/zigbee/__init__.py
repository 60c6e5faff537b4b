"""ZigBee PRO as the emulator speaks it: frames, security, clusters, and the soft node's MAC, NWK and APS machines.

Imports `core` and `ports`.  Everything is a value, a pure function or a sans-IO object: no clock, no randomness, no
input or output.  Frames are frozen slotted dataclasses packed by `struct`, because a firmware update is some hundred
thousand of them.
"""
