# SPDX-License-Identifier: EUPL-1.2
"""Certificates for tests, with what is wrong with them: authorities, chains, lists of revoked ones."""
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
DAY = datetime.timedelta(days=1)


def now():
    return datetime.datetime.utcnow()


def curve_key(curve=ec.SECP256R1):
    return ec.generate_private_key(curve())


def rsa_key(bits=2048):
    return rsa.generate_private_key(65537, bits)


def pem_of(thing):
    if hasattr(thing, "private_bytes"):
        return thing.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return thing.public_bytes(serialization.Encoding.PEM)


class Holder:
    """A key and its certificate, signed by `by` (a Holder) or by itself. `numbers`: serialNumber of its subject, as PKIoverheid has
    the OIN there; `uses`: of the extended key usage."""

    def __init__(self, name, by=None, *, key=None, digest=None, begins=-1, ends=60, authority=False, numbers=(), uses=()):
        self.key = key or curve_key()
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name),
                               *(x509.NameAttribute(NameOID.SERIAL_NUMBER, number) for number in numbers)])
        signer = by or self
        builder = (x509.CertificateBuilder().subject_name(self.name).issuer_name(signer.name).public_key(self.key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now() + begins * DAY)
                   .not_valid_after(now() + ends * DAY)
                   .add_extension(x509.BasicConstraints(ca=authority or by is None, path_length=None), critical=True)
                   .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                                                               x509.DNSName("localhost")]), critical=False))
        if uses:
            builder = builder.add_extension(x509.ExtendedKeyUsage(list(uses)), critical=False)
        self.certificate = builder.sign(signer.key, digest or hashes.SHA256())

    def fingerprint(self):
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def pem(self):
        return pem_of(self.certificate)

    def key_pem(self):
        return pem_of(self.key)

    def revoke(self, holders, ends=7, begins=-30):
        """A list of revoked certificates, PEM."""
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(now() + begins * DAY)
                   .next_update(now() + ends * DAY))
        for holder in holders:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number)
                .revocation_date(now() - DAY).build())
        return pem_of(builder.sign(self.key, hashes.SHA256()))
