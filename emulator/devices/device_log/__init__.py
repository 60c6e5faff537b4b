"""The hub's device log: which devices may be on its HAN, under which keys, and since when.

`log` is the whole, `commands` what the DCC asks of it, `effects` what it wants done; it touches neither stack nor keys.
"""
