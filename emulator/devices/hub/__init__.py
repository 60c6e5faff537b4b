"""The Communications Hub: `model` is the device, its life a table (`life`), its parts a module each.

`gbcs` carries what is for others, unread; `chf` is a GBCS device itself and has the device log; `gpf` is the endpoint
that mirrors the gas meter; `classification` says what a device is that came out of another hub's log.
"""
