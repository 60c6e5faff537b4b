"""What the clusters of a home area network are: attributes, commands, and the messages of each.

Imports `core` and `zigbee.frames`.  Definitions are data and messages are values; what a device does with them lives in
`ota`, `cbke` and `devices`.
"""
