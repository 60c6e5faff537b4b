"""Devices on sticks, by the wall clock: the run, what a hub does by itself, what is kept to go on after an end.

`run` is `runtime.run.Run` for them, over `air`; `state`, `file_flash` and `kept_streams` outlive the program;
`formation` waits for a HAN; `download_times` says where the time of a download goes.  `connection` is the Python API
on real sticks, and `over_sticks` has it all on virtual ones in this process.
"""
