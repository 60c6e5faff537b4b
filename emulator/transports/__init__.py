"""What carries a HAN: the in-memory air (frames, or APS level), and later real radios; chosen by URI, imported lazily.

May import `core`, `ports` and `zigbee`.  A transport never knows what a device is: it offers an `ApsPort` and drives it.
"""
