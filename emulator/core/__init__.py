"""What every other package stands on: time, randomness, errors, octets, addresses, AES, events, switches.

Imports nothing of ours.  Everything here is a value or a pure function: no clock is read, nothing is logged, and
randomness comes only from a named stream of a seed that the caller holds.
"""
