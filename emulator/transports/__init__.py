"""What carries a HAN: the in-memory air, with frames or at APS level; real radios are to stand beside it.

May import `core`, `ports` and `zigbee`.  A transport never knows what a device is: it offers an `ApsPort` and drives
it.
"""
