"""ASH, the serial protocol between a host and its EZSP stick (NCP): the stick's end.  Imports `core` alone.

Source: Silicon Labs UG101, "UART-EZSP Gateway Protocol Reference", rev. 1.1, cited by section; where it is silent,
what hosts in the field do (bellows, zigbee-herdsman).  What neither says is marked as an assumption where it stands.

`frames` are octets as values, `reader` finds them in a stream that may hold anything.  `link` is the sans-IO machine
over `link_table`: `link_actions` has its actions, `link_session` what it knows, `sender` the frames that are ours;
`settings` and `effects` are what they are called.  Octets, payloads and `now` (µs) go in, effects come out; nothing
that a host does makes it raise.
"""
