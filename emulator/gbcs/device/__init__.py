"""The device's end of GBCS: what a bridge, a PPMID or a hub makes of the Commands that reach it.

`GbcsDevice` takes octets and gives octets.  It knows use cases only as values (`UseCase`: who may send it, under which
protection, what it does to the `DeviceState`), so that which Commands a product takes is data, and a hub adds its own.
Every module below it holds the use cases of one subject: `remote_parties` (CS02a, CS02b), `own_keys` (CS02c, CS02d,
CS02e), `firmware` (CS06, CS08, CS09), `joining` (CS03, CS04).

All that must survive is one value, `DeviceState`: whoever holds the device stores it as a whole before the answer is
sent, so a power cut leaves the old credentials or the new ones.  May import the rest of `gbcs`, and `core`.

Not found in any source, hence ours: who may send what to a PPMID, the order of the checks, that a refused Command is
not answered, that one future-dated Command a message code waits, and that a cancelled one raises no alert.
"""
