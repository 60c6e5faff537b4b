"""GBCS, the application messages of Great Britain's smart metering, between a device and the Access Control Broker.

May import `core`; all but the PKI's files (`pki_folder`, `pki_import`) is sans-IO and pure, keys and randomness are
handed in.  The lower half knows octets only (`envelope`, `header`, `message`, `der`, `dlms`), then come `crypto` and
one module a use case, then the two ends: the package `device`, and `access_control_broker`.

DER and certificates are read by code of our own (`der`, `tlv`, `certificate_reading`): a schema library was slower than
everything else together and could not tell an empty list from an absent one.  `certificates` alone imports X.509, and
`pki` imports it only when a certificate is asked for, because a run that checks MACs and signatures needs keys at once
but hardly ever a certificate.
"""
