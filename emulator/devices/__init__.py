"""What joins a HAN: the hub, the bridges, a PPMID, and the devices around them; a folder each, what they share beside.

May import everything from `core` to `ota`, and no transport: a device sees an `ApsPort`.  What a product is, and how it
misbehaves, is data in its profile (`hw_profiles/*.toml`), never an `if` in its model.
"""
