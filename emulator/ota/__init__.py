"""The OTA Upgrade cluster at work: a client that fetches an image, a server that hands images out.

Imports `core`, `zigbee` (the cluster's messages) and `image` (the file's header).  Both machines are sans-IO: an event
or message and `now` in, effects out, one `next_timeout`.  What a state does about a trigger stands in a table
(`client_table`, `server_table`) that tests walk; only the answer to a block, sent some 15,000 times an update, goes
round the look-up.

`settings` and `policy` say how the two behave, `behaviour` how they misbehave on purpose; `slot` is what the client
needs of a flash memory.
"""
