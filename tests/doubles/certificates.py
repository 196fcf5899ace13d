"""Certificates of the tests' own, made when they are asked for, and servers that show them."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
HERE = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")))


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key."""

    shown: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def signed(cls, by: Certificate | None, *names: x509.GeneralName, ends: int = 1) -> Certificate:
        """A certificate for these names that ends in so many days; one without `by` is signed by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test" if by else "test authority")])
        end = datetime.now(timezone.utc) + ends * DAY
        made = x509.CertificateBuilder(by.shown.subject if by else name, name, key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(end - 2 * DAY).not_valid_after(end)
        made = made.add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return cls(made.sign(by.key if by else key, hashes.SHA256()), key)

    @property
    def pem(self) -> bytes:
        return self.shown.public_bytes(serialization.Encoding.PEM)

    def context(self, folder: Path) -> ssl.SSLContext:
        """How a server shows it; the folder keeps its files."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = folder / f"{self.shown.serial_number}.pem"
        path.write_bytes(self.pem + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context
