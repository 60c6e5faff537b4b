"""The seams between what emulates and what carries: protocols and their values, no behaviour.

Imports `core` alone.  An EZSP stick *is* a ZigBee stack and hides NWK and MAC, a frame medium sits below them: hence
two seams, not one.  Devices see only `ApsPort`; a soft node turns a `Phy` into one.  Everything here is sans-IO: a call
takes `now` and returns at once, what comes of it arrives later at the user's methods, never from inside the call.
"""
