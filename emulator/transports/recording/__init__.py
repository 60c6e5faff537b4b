"""Recordings: a file of JSON lines that holds what passed between a device, its stack and its stick.

Imports `core` and `ports`; bellows and serialx in `exchanges`, `stick` and `line` alone.

`values` turns arguments into JSON and back, `entries` says what a line may hold, `writing` and `reading` are the file.
`tape` notes what a device does and what is done to it, `port` is an `ApsPort` around another one that notes what the
device asks of it; playing that into a device again, and comparing, is `runtime.replaying`.  `exchanges` finds EZSP
commands and answers in the octets of a serial line, `stick` answers commands as they were answered, and `line` is that
stick under an address that bellows opens like a serial port.  Its end of ASH is made of bellows' frames, not of those
of `ncp`, which this package may not import; on a line that loses nothing there is little to it.
"""
