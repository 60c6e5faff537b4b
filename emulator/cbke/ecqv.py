"""Elliptic curve Qu-Vanstone: the keys of an implicit certificate, and how a CA makes one.

    device:  k_U random              R_U = k_U·G                    the request
    CA:      k random                B = R_U + k·G                  into the certificate
             e = AES-MMO(certificate)
             r = e·k + d_CA mod n                                   sent with the certificate
    device:  d = r + e·k_U mod n     accepted only if d·G = e·B + Q_CA

Source: SEC 4, and the published certificates, all of which fulfil the last line with what their files call "private
key reconstruction data" as d itself.
"""

from __future__ import annotations

from emulator.cbke.certificate import certificate_hash, decode_certificate
from emulator.cbke.curve import InvalidPoint, Point
from emulator.cbke.suite import Suite


def public_key_of(certificate: bytes, suite: Suite, ca_public_key: Point) -> Point:
    """The public key that a certificate stands for: e·B + Q_CA.

    Raises:
        DecodeError: the certificate has a wrong length.
        InvalidPoint: its point is no public key, or the sum is infinity.
    """
    curve = suite.curve
    reconstruction = curve.decode_public_key(decode_certificate(certificate, suite).reconstruction)
    public_key = curve.add(curve.multiply(certificate_hash(certificate), reconstruction), ca_public_key)
    if public_key is None:
        raise InvalidPoint("infinity", "the public key of the certificate is the point at infinity")
    return public_key


def reconstruction_data(certificate: bytes, suite: Suite, per_certificate: int, ca_private_key: int) -> int:
    """r: what the CA sends with the certificate, for the device alone."""
    return (certificate_hash(certificate) * per_certificate + ca_private_key) % suite.curve.order


def private_key_of(certificate: bytes, suite: Suite, request_private_key: int, reconstruction: int) -> int:
    """d: the private key of a certificate, from the one of the request and the data of the CA."""
    return (reconstruction + certificate_hash(certificate) * request_private_key) % suite.curve.order


def keys_belong_together(certificate: bytes, suite: Suite, private_key: int, ca_public_key: Point) -> bool:
    """Whether d·G = e·B + Q_CA; InvalidPoint where the certificate has no public key."""
    return suite.curve.public_key(private_key) == public_key_of(certificate, suite, ca_public_key)
