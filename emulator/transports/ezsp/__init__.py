"""A real ZigBee stick behind an `ApsPort`: EZSP over a serial port or TCP, through bellows' bare `EZSP`.

Imports `core`, `ports`, `zigbee`, and bellows (in `stick`, `serial_tap` and `structures` alone; zigpy's application
layer is never used).  One port serves both roles: it forms a HAN as its trust centre, or joins one as a router or
sleepy end device.

From the bottom: `uri` says where a stick is, `port_lock` keeps others off it, `opening` opens it or says in a line why
not.  `stick` asks it; `callbacks` is what it says by itself, with `status` and `versions` making one dialect of six.
`network`, `keys` and `setup` are the procedures; `sending`, `fragments` and `receiving` the messages; `memory` what the
host knows and the stick does not tell.  `memory_line` is the address of a stick in this process, for
tests, benchmarks and virtual time.  `recovery` brings back a stick that was lost; `port` is the `ApsPort` itself.
`serial_tap` lets a recording have the octets of the line.

Beside the port, on a bare stick: `backup` and `restore` carry a network from stick to stick in the file of
`backup_file`, and `sniffer` listens to a channel.

Calls of the port queue work for its one task and return; nothing is told from inside a call.  What no source proves
about real firmware stands in `assumptions`, each with a name; `check` tries them on the user's own sticks.
"""
