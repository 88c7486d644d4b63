"""Installed certificates: OCPP 1.6 security extension, 2.x use cases M03 to M05. What is kept is their hashes."""

import binascii
import hashlib
import ssl
from collections.abc import Iterator, Sequence

from msgspec import Struct

CERTIFICATES_MAX = 10
"""CertificateEntries of a small station."""

HASHES = {"SHA256": hashlib.sha256, "SHA384": hashlib.sha384, "SHA512": hashlib.sha512}
"""HashAlgorithmEnumType."""

_SEQUENCE, _INTEGER, _BIT_STRING, _EXPLICIT_0 = 0x30, 0x02, 0x03, 0xA0


class NotACertificate(ValueError):  # noqa: N818
    """A text that is no X.509 certificate in PEM."""


class Certificate(Struct, frozen=True):
    """Of a certificate, what CertificateHashDataType is made of: the issuer's name and its own key, in DER."""

    issuer: bytes
    key: bytes
    serial: str

    def hash_data(self, algorithm: str) -> dict[str, str]:
        """Its CertificateHashDataType. For a root the issuer's key is its own (RFC 6960 section 4.1.1)."""
        digest = HASHES[algorithm]
        return {
            "hashAlgorithm": algorithm,
            "issuerNameHash": digest(self.issuer).hexdigest(),
            "issuerKeyHash": digest(self.key).hexdigest(),
            "serialNumber": self.serial,
        }


class Certificates:
    """The roots that a station trusts, by use (InstallCertificateUseEnumType), and its own certificate."""

    __slots__ = ("_installed", "own")

    def __init__(self) -> None:
        self._installed: list[tuple[str, Certificate]] = []
        self.own: Certificate | None = None
        """The last one that the server has signed."""

    def install(self, use: str, pem: str) -> str:
        """Trust a root: Accepted, or Rejected where it is no certificate or there is no room. Twice is once."""
        try:
            certificate = parse_certificate(pem)
        except NotACertificate:
            return "Rejected"
        if (use, certificate) not in self._installed:
            if len(self._installed) >= CERTIFICATES_MAX:
                return "Rejected"
            self._installed.append((use, certificate))
        return "Accepted"

    def hashes(self, uses: Sequence[str] | None) -> list[tuple[str, dict[str, str]]]:
        """Use and CertificateHashDataType (SHA256) of all that are installed for one of `uses`; None is any."""
        return [
            (use, certificate.hash_data("SHA256"))
            for use, certificate in self._installed
            if uses is None or use in uses
        ]

    def delete(self, hash_data: dict[str, str]) -> str:
        """Trust a root no longer: Accepted or NotFound. Hashes and serial numbers are hexadecimal: case is nothing."""
        wanted = {name: value.lower() for name, value in hash_data.items() if name != "hashAlgorithm"}
        for index, (_, certificate) in enumerate(self._installed):
            held = certificate.hash_data(hash_data["hashAlgorithm"])
            if all(held[name].lower() == value for name, value in wanted.items()):
                del self._installed[index]
                return "Accepted"
        return "NotFound"

    def signed(self, chain: str) -> str:
        """Take the certificate that the server has signed for this station, first in `chain`: Accepted or Rejected."""
        try:
            self.own = parse_certificate(chain)
        except NotACertificate:
            return "Rejected"
        return "Accepted"


def parse_certificate(pem: str) -> Certificate:
    """The first certificate in `pem` (RFC 5280 section 4.1). Raises NotACertificate."""
    end = pem.find(ssl.PEM_FOOTER)
    try:
        der = ssl.PEM_cert_to_DER_cert(pem[: end + len(ssl.PEM_FOOTER)].strip())
        (certificate,) = _elements(der)
        to_be_signed = next(_elements(certificate[1]))
        fields = [field for field in _elements(to_be_signed[1]) if field[0] != _EXPLICIT_0]
        serial, _, issuer, _, _, key_info = fields[:6]
        _, key = _elements(key_info[1])
    except (ValueError, binascii.Error, StopIteration, IndexError) as error:
        raise NotACertificate(str(error)) from error
    if serial[0] != _INTEGER or issuer[0] != _SEQUENCE or key[0] != _BIT_STRING:
        raise NotACertificate("its fields are not those of a certificate")
    return Certificate(issuer=issuer[2], key=key[1][1:], serial=f"{int.from_bytes(serial[1]):x}")


def _elements(der: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, contents and whole of each element of `der`, one after the other. Raises ValueError, IndexError."""
    at = 0
    while at < len(der):
        tag, length, start = der[at], der[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(der[start : start + count])
            start += count
        end = start + length
        if end > len(der):
            raise ValueError("an element is longer than what holds it")
        yield tag, der[start:end], der[at:end]
        at = end
