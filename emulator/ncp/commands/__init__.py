"""What the commands of EZSP do on a virtual stick: a module for each kind, every command a function of the `Chip`.

Names and fields are those of Silicon Labs' UG100 (`emulator.ncp.ezsp` says how they read in all versions), and so are
the statuses.  `catalogue` is the table of all of them; a command that is not in it is answered by invalidCommand.
Imports `core`, `ports`, `zigbee` and, of this package, `ezsp`, `flash` and `chip`.
"""
