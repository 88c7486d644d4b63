"""The certificates that the configuration names, on the way to TLS."""

from ssl import SSLContext

from gateway.app.config import TlsSection
from gateway.app.config_sources import ConfigError
from gateway.io.tls import CertificateError, CertificatePair, serve_certificates


def load_certificates(context: SSLContext, section: TlsSection) -> tuple[str, ...]:
    """Serve the certificates of `section`, and return the kinds of their keys. May be done again when files changed.

    Raises ConfigError, which names the key of the configuration and the file; then those before are served on.
    """
    pairs = [CertificatePair(table.certificate_file, table.key_file) for table in section.certificate]
    try:
        return serve_certificates(context, pairs)
    except CertificateError as error:
        file = getattr(pairs[error.index], error.field)
        raise ConfigError([f"tls.certificate[{error.index}].{error.field}: {file}: {error}"]) from None
