"""What every device that joins has: its `stack`, credentials, and `trust`, all that it has to do with its trust centre.

`keys` establishes a link key with it, `trust_centre_watch` misses it; `key_establishment` is the exchange over an
endpoint, for the hub's end too.
"""
