"""An Alt HAN bridge, or a PPMID: `model` is the device, its life a table (`life`), its parts a module each.

What survives a power cut is in `memory`; `battery` and `supply` are what feeds bridge 4.
"""
