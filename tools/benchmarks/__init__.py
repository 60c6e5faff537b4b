"""What the emulator costs: measurements beside their budgets, run by `tools/bench`; no part of program or tests.

`suites` says what is measured and how much it may be, `probes` measure, each in a process of its own (`child`).
"""
