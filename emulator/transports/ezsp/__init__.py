"""A real ZigBee stick behind an `ApsPort`: EZSP over a serial port or TCP, through bellows' bare `EZSP`.

Imports `core`, `ports`, `zigbee`, and bellows (in `tapped_ezsp`, `stick`, `serial_tap` and `structures` alone; zigpy's
application layer is never used).  One port serves both roles: it forms a HAN as its trust centre, or joins one as a
router or sleepy end device.

To the stick: `uri` says where it is, `port_lock` keeps others off it, `opening` opens it or says in a line why not.
`stick` asks it, over the `tapped_ezsp` of bellows; `callbacks` is what it says by itself, with `status` and `versions`
making one dialect of six.  `jobs` does what is to be done with it in order, in one task, and `recovery` brings it back
when it was lost.  `serial_tap` lets a recording have the octets of the line; `memory_line` is the address of a stick
in this process, for tests, benchmarks and virtual time.

What is asked of it: `network` goes into a network and out of it, `keys` puts link keys in, `setup` tells it who it is.
Messages are cut, counted and retried by `sending`, put together and read by `receiving`, with `fragments`.

The parts of a port, from the bottom; each knows those above it in this list alone, and owns its state:

- `host`: what all share, the work, the settings and who is told; with `memory`, what the stick does not tell
- `outgoing`: messages on their way, and whom to tell what became of each
- `link_keys`: keys in force and on offer; `key_probe` tries those that were established
- `devices`: who may join, who knocks, announces itself, leaves and is put out
- `incoming`: messages that come, shown to the keys, to whom they are for, and to whoever measures
- `permit_joining`: how long the network is open
- `key_rotation`: the next network key, given out and a while later put in force
- `membership`: formed, joined, resumed, stopped and left; it ends whatever lives only in a network
- `rejoining`: another parent, another trust centre
- `port`: the `ApsPort` itself; which call, and which word of the stick, is whose

Beside the port, on a bare stick: `backup` and `restore` carry a network from stick to stick in the file of
`backup_file`, and `sniffer` listens to a channel.

Calls of the port queue work for its one task and return; nothing is told from inside a call.  What no source proves
about real firmware stands in `assumptions`, each with a name; `check` tries them on the user's own sticks.
"""
