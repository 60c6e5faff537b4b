"""The Communications Hub: `model` is the device, its parts are a module each.

`coordinator` is its power and network, the life of which is a table (`life`); `trust_centre` looks after link keys.
`firmware` serves images: `offers` says which it owes to whom, `ota_clients` where those are.  `gbcs` carries what is
for others, unread; `chf` is a GBCS device itself and has the device log; `gpf` is the endpoint that mirrors the gas
meter.  `restored_devices` asks devices out of another hub's log what they are, `classification` judges by the answers.
`setup` is what follows from profile and standards, `kept` what outlives the program.
"""
