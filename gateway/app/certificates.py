"""The certificates that the configuration names, on the way to TLS."""

from ssl import SSLContext

from gateway.app.config import TlsSection
from gateway.app.config_sources import ConfigError
from gateway.io.tls import CertificateError, CertificatePair, serve_certificates


def load_certificates(context: SSLContext, section: TlsSection) -> tuple[str, ...]:
    """Serve the certificates of `section`, and return the kinds of their keys. May be done again when files changed.

    Raises ConfigError, whose problems name the key of the configuration and the file; then those before are served on.
    """
    pairs = [CertificatePair(table.certificate_file, table.key_file) for table in section.certificate]
    try:
        return serve_certificates(context, pairs)
    except CertificateError as error:
        raise ConfigError(
            [
                f"tls.certificate[{problem.index}].{problem.field}: "
                f"{getattr(pairs[problem.index], problem.field)}: {problem.text}"
                for problem in error.problems
            ]
        ) from None
