"""Certificates for tests, made by the `openssl` command, and TLS clients that trust them."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

KEYS = {
    "ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    "rsa": ["-newkey", "rsa:2048"],
    "weak": ["-newkey", "rsa:1024"],
}

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")


class Certificate:
    """A self-signed certificate for 127.0.0.1; its common name is `name`. `password` encrypts its key."""

    def __init__(self, folder: Path, name: str, key: str, password: str | None = None) -> None:
        self.name = name
        self.certificate_file = folder / f"{name}.pem"
        self.key_file = folder / f"{name}.key"
        openssl(
            *("req", "-x509", *KEYS[key], "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.key_file, "-out", self.certificate_file),
            *(["-noenc"] if password is None else ["-passout", f"pass:{password}"]),
        )

    def toml(self) -> str:
        """This certificate in the configuration."""
        return f'\n[[tls.certificate]]\ncertificate_file = "{self.certificate_file}"\nkey_file = "{self.key_file}"\n'


def openssl(*arguments: object) -> str:
    """Run a command of openssl, which must succeed, and return what it printed."""
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def client_context(*trusted: Certificate, ciphers: str | None = None) -> ssl.SSLContext:
    """A client that trusts these certificates only; with `ciphers` it speaks TLS 1.2 with nothing but those."""
    context = ssl.create_default_context()
    for certificate in trusted:
        context.load_verify_locations(certificate.certificate_file)
    if ciphers is not None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    return context


def common_name(secured: ssl.SSLSocket | ssl.SSLObject) -> str:
    """The common name of the certificate that the server showed."""
    certificate = secured.getpeercert()
    assert certificate is not None
    return dict(field for (field,) in certificate["subject"])["commonName"]
