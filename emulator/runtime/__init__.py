"""Drivers: what gives the sans-IO models a time to run in, and puts the parts of a run together.

`engine` is discrete events in virtual time, the agenda that the in-memory air runs on; `loop` is an asyncio event loop
in virtual time, for unmodified asyncio code (bellows on a virtual stick); `wall_clock` has an engine follow an asyncio
loop.  `simulation` is a run in virtual time, `live` one over sticks, `run` what both are to their devices; `sticks` are
virtual sticks, `replay` is one device again without a run.  May import every package below it.  Nothing below may
import this one, or read a clock, sleep or know of asyncio: that is why the clocks live here.
"""
