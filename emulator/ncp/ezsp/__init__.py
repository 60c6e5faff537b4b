"""EZSP frames at the stick's end: framing, commands and their fields as plain Python.  Imports `core` and `ncp.tables`.

`codec` is what a server uses: requests in, responses and callbacks out.  Below it, `wire` and `record` turn fields and
structures into values and back, `header` is the frame header, `command` what a command is, `status` what a stick says.
`names` holds what makes one set of names out of six versions; `tables` beside this package compiles the commands of
bellows with it, and is the only module that sees bellows.

Values are `int`, `bool`, `bytes`, `Eui64`, tuples, and mappings by field name for structures; names are those of
Silicon Labs' UG100 (`apsFrame`, `indexOrDestination`), in all versions.  Structures that some versions carry whole and
others in parts (`packetInfo`, `context`) are taken apart: their fields stand among the command's own.
"""
