"""GBCS, the application messages of Great Britain's smart metering, between a device and the Access Control Broker.

May import `core`; everything is sans-IO and pure, keys and randomness are handed in.  The lower half knows octets only
(`envelope`, `header`, `message`, `der`), then come `crypto` and one module a use case, then the two ends: `device` and
`access_control_broker`.  `certificates` alone imports X.509, and `pki` imports it only when a certificate is asked for,
because a run that checks MACs and signatures needs keys at once but hardly ever a certificate.
"""
