"""What joins a HAN: the communications hub, the bridges, a PPMID; their profiles and their non-volatile memory.

May import everything from `core` to `ota`, and no transport: a device sees an `ApsPort`.  What a product is, and how it
misbehaves, is data in its profile (`hw_profiles/*.toml`), never an `if` in its model.
"""
