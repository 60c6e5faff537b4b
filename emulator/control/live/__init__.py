"""A hub or a bridge on a real stick, as the commands `althan hub run` and `althan bridge run` have them.

`plan` says what was asked for, `opening` opens stick, state and run, `hub` and `bridge` put the device on it and see it
through, `narration` turns events into the lines that people read.  What a device does by itself is in `runtime`.
"""
