"""Certificates from the configuration to a gateway that listens, or to an error that names what is wrong."""

import pytest
from click.testing import CliRunner

from gateway.app.certificates import load_certificates
from gateway.app.cli import main
from gateway.app.config import TlsCertificate, TlsSection
from gateway.app.config_sources import ConfigError
from gateway.io.tls import empty_context
from tests.app.running import run, running
from tests.certificates import Certificate, needs_openssl

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificates"), "gateway", "ecdsa")


def section(certificate: Certificate, **files) -> TlsSection:
    named = {"certificate_file": certificate.certificate_file, "key_file": certificate.key_file}
    return TlsSection(port=0, certificate=(TlsCertificate(**{**named, **files}),))


def test_what_is_wrong_is_named_by_key_and_file(certificate, tmp_path):
    missing = tmp_path / "missing.key"
    with pytest.raises(ConfigError) as caught:
        load_certificates(empty_context(), section(certificate, key_file=missing))
    assert caught.value.problems == (
        f"tls.certificate[0].key_file: {missing}: cannot be read: No such file or directory",
    )


@pytest.mark.parametrize(("command", "status"), [("check-config", 1), ("serve", 78)])
def test_every_file_that_is_wrong_is_told_at_once(command, status, certificate, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    another = Certificate(tmp_path, "another", "ecdsa")
    (tmp_path / "gateway.toml").write_text(
        '[listener]\nport = 0\n[admin]\nport = 0\ntoken_file = "bearer"\n[tls]\nport = 0\n'
        '[[tls.certificate]]\ncertificate_file = "a.pem"\nkey_file = "a.key"\n'
        f'[[tls.certificate]]\ncertificate_file = "{certificate.certificate_file}"\nkey_file = "{another.key_file}"\n'
        '[stations]\nunknown = "reject"\nlist_file = "list"\n'
        '[authorisation]\ntoken_file = "tokens.toml"\n'
    )
    missing = "cannot be read: No such file or directory"
    refused = CliRunner().invoke(main, [command, "--config", "gateway.toml"])
    assert refused.exit_code == status
    assert refused.stderr.splitlines()[-6:] == [
        f"ocpp-gateway: stations.list_file: list: {missing}",
        f"ocpp-gateway: authorisation.token_file: tokens.toml: {missing}",
        f"ocpp-gateway: admin.token_file: bearer: {missing}",
        f"ocpp-gateway: tls.certificate[0].certificate_file: a.pem: {missing}",
        f"ocpp-gateway: tls.certificate[0].key_file: a.key: {missing}",
        f"ocpp-gateway: tls.certificate[1].key_file: {another.key_file}: "
        f"is not the key of {certificate.certificate_file}",
    ]


def test_check_config_reads_the_certificates(certificate, tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text(certificate.toml())
    assert CliRunner().invoke(main, ["check-config", "--config", str(file)]).exit_code == 0
    file.write_text(certificate.toml().replace("gateway.key", "gateway.pem"))
    refused = CliRunner().invoke(main, ["check-config", "--config", str(file)])
    assert refused.exit_code == 1
    assert f"tls.certificate[0].key_file: {certificate.certificate_file}: holds no private key in PEM" in refused.stderr


def test_a_gateway_whose_certificate_is_missing_does_not_start(certificate, tmp_path):
    async def story() -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            async with running(tmp_path, tls=section(certificate, certificate_file=tmp_path / "none")):
                pass

    run(story())


def test_a_gateway_says_where_it_listens_with_and_without_tls(certificate, tmp_path):
    async def story() -> None:
        async with running(tmp_path, tls=section(certificate)) as gateway:
            plain, secured = gateway.stations_urls
            assert gateway.stations_url == plain
            assert plain.startswith("ws://127.0.0.1:")
            assert secured.startswith("wss://127.0.0.1:")
        async with running(tmp_path, tls=section(certificate), listener={"plain": False}) as gateway:
            assert gateway.stations_urls == (gateway.stations_url,)
            assert gateway.stations_url.startswith("wss://127.0.0.1:")

    run(story())
