"""NWK and APS frame protection, keys and frame counters.

Imports `core` alone.  Works on octets as they stand on the air, so that what is authenticated is what was received.
"""
