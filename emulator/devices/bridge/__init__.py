"""An Alt HAN bridge, or a PPMID: `model` is the device, a `Joiner` with more to its life (`life`) and three parts.

`firmware` fetches images, `installed_firmware` is what runs.  `gbcs` carries Commands, Responses and alerts, and
`stored_device` reads and makes them.  What survives a power cut is in `memory`; `supply` is what a bridge runs on,
`battery` what feeds bridge 4.  `setup` is what follows from profile and standards.
"""
