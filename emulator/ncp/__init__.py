"""The virtual EZSP stick: what host software that speaks to a ZigBee stick takes for a real one.

Imports `core`, `ports` and `zigbee`.  `ash` is the stick's end of the serial protocol; above it stands an EZSP server,
inside it a soft node on the same air as everything else, so that its frames are real frames and appear in the capture.
The protocol cores are sans-IO like the rest; only the servers that offer a stick over TCP, a pty or in memory use
asyncio.  `tables` alone imports bellows, whose tables of EZSP commands it uses.

`stick` is the way in: octets of the line to ASH, to the bootloader, or by `session` to the commands.  `chip` is what
they act on, `flash` and `firmware` what a reset leaves, `stack_port` what the chip asks of the soft node.  What that
tells in return becomes callbacks in `commands.callbacks`; `moving` is the way of a stick back into its network as its
host hears of it, `polls` what it hears of the polls of its parent.
"""
