"""A certificate authority for test HANs.  Its certificates are worth something only to devices given its public key.

Keys of the production and of Certicom's test authority are not public, so whoever wants own devices needs an own
authority.  Here it makes both halves of each certificate, the device's and its own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from emulator.cbke.certificate import (
    KEY_USAGE_AGREEMENT,
    NO_END,
    SMART_ENERGY_PROFILE,
    Certificate,
    CertificateCS1,
    CertificateCS2,
)
from emulator.cbke.credentials import Credentials
from emulator.cbke.curve import Point
from emulator.cbke.ecqv import private_key_of, reconstruction_data
from emulator.cbke.suite import Suite
from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.rng import Streams

TEST_ISSUER: Final = 0x00005E0053000000
"""Names our test authority in certificates, from the EUI-64s set aside for documentation."""
_CS1_PROFILE_DATA: Final = SMART_ENERGY_PROFILE.to_bytes(2, "big") + bytes(8)


def random_private_key(suite: Suite, rng: random.Random) -> int:
    """A scalar from 1 to n-1."""
    return rng.randrange(1, suite.curve.order)


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """A CA in one suite.

    Attributes:
        suite: of its certificates.
        private_key: d_CA.
        issuer: 64 bits that name it in certificates.
    """

    suite: Suite
    private_key: int = field(repr=False)
    issuer: int = TEST_ISSUER

    @classmethod
    def generate(cls, suite: Suite, streams: Streams, issuer: int = TEST_ISSUER) -> CertificateAuthority:
        """A new one from the stream `cbke/ca/<suite>`."""
        return cls(suite, random_private_key(suite, streams.stream(f"cbke/ca/{suite.number}")), issuer)

    @property
    def public_key(self) -> Point:
        """Q_CA."""
        return self.suite.curve.public_key(self.private_key)

    def issue(
        self, eui64: Eui64, streams: Streams, valid_from: datetime = VIRTUAL_EPOCH, valid_for: int = NO_END
    ) -> Credentials:
        """A certificate for one device, and the private key to it.

        Args:
            eui64: the device.
            streams: the stream `cbke/device/<eui64>/<suite>` gives the serial number and both random values.
            valid_from: UTC; only suite 2 says so in the certificate.
            valid_for: seconds from then, as above; NO_END: no end.
        """
        rng = streams.stream(f"cbke/device/{eui64_text(eui64)}/{self.suite.number}")
        serial_number = rng.getrandbits(64)
        request, per_certificate = random_private_key(self.suite, rng), random_private_key(self.suite, rng)
        curve = self.suite.curve
        reconstruction = curve.add(curve.public_key(request), curve.public_key(per_certificate))
        if reconstruction is None:
            raise LocalProtocolError("the two halves of a certificate cancel out")
        point, validity = curve.encode(reconstruction), (int(valid_from.timestamp()), valid_for)
        certificate = self._certificate(eui64, point, serial_number, validity).encode()
        data = reconstruction_data(certificate, self.suite, per_certificate, self.private_key)
        private_key = private_key_of(certificate, self.suite, request, data)
        return Credentials(self.suite, certificate, private_key, self.public_key)

    def _certificate(self, eui64: Eui64, point: bytes, serial_number: int, validity: tuple[int, int]) -> Certificate:
        if self.suite.number == 1:
            return CertificateCS1(point, eui64, self.issuer, _CS1_PROFILE_DATA)
        return CertificateCS2(
            serial_number=serial_number,
            issuer=self.issuer,
            valid_from=validity[0],
            valid_for=validity[1],
            subject=eui64,
            key_usage=KEY_USAGE_AGREEMENT,
            reconstruction=point,
        )
