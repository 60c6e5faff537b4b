"""What carries a HAN: the in-memory air, with frames or at APS level, and EZSP sticks through bellows.

Beside them what is done to a stick's firmware (`flasher`) and what is kept of what a device and a stick said
(`recording`).

May import `core`, `ports` and `zigbee`.  A transport never knows what a device is: it offers an `ApsPort` and drives
it.
"""
