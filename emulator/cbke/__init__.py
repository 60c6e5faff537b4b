"""Key establishment (CBKE): the Smart Energy link key, from two implicit certificates.  Imports `core` and `zigbee`.

Three layers.  Arithmetic: `field`, `tau_adic`, `curve`, `suite`.  Keys: `certificate`, `ecqv`, `agreement` are pure
functions over octets; `authority` issues certificates (on disk: `authority_folder`), `credentials` and
`credential_text` are what a device holds, `transcript` computes an exchange that somebody wrote down.
The exchange: `initiator` and `responder` are sans-IO machines over the tables beside them; they take and give the
messages of `zigbee.clusters.key_establishment`, and know nothing of ZCL or APS framing.

Elliptic curves in Python take tens of milliseconds, so the machines do not compute: they return a `Compute` effect
with a piece of `work`, whose result the driver hands back.
"""
