"""Recordings of one device, and their replay: what went into it goes in again, and what it asks for is compared.

`recording` makes them, `replaying` and `player` play them, `recorded_device` makes the device of a header again, and
`regression_test` writes a test of one.  The lines of the file are `transports.recording`'s.
"""
