"""What goes wrong on purpose: plans, read from what a user wrote, and injectors that wrap a port.

Imports `core`, `ports`, `zigbee`, `image`, `ota` and `gbcs`.  A fault is never an `if` in a model: what it disturbs
does not know of it.  (What a device does wrong by itself is part of the device, and stands in its profile.)
"""
