"""Octets to values and back: IEEE 802.15.4, NWK, APS, ZCL and ZDO.

Imports `core`, and `ports.aps` for the simple descriptor.  One module a layer; the frames that every block of an
update needs are fast, the commands beside them are plain.  A decoder ends in a value or in DecodeError, an encoder in
octets or in LocalProtocolError, and `decode(encode(x)) == x`.
"""
