"""What every device that joins has: `joiner`, its way from the power button to a link key with the hub.

Its life is a table (`life`); what it does once it is there is in parts (`part`), which the device adds.  `trust` is all
that it has to do with its trust centre: `keys` establishes a link key with it, `trust_centre_watch` misses it.
`key_establishment` is the exchange over an endpoint, for the hub's end too.  `stack` and `credentials` follow from the
profile.
"""
