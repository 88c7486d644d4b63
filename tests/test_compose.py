"""compose.yaml and what it mounts, as far as that can be told without Docker: it names what exists, and agrees."""

import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from tests.servers.sql import fetch
from tests.servers.timescale import shared_server, why_unavailable
from tests.system.process import DEADLINE_S, PROJECT, environment

COMPOSE = PROJECT / "grafana" / "compose"
SECRETS_AT = "/run/secrets/"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((PROJECT / "compose.yaml").read_text())


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    return folder


def make_secrets(folder: Path) -> None:
    subprocess.run(["/bin/sh", COMPOSE / "make-secrets", folder], check=True, timeout=DEADLINE_S)


def gateway(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def mounts_of(service: dict[str, Any]) -> dict[str, str]:
    """Return what the service mounts (a volume, or a path below the project), by its place in the container."""
    return {target: source for source, target, *_ in (mount.split(":") for mount in service.get("volumes", []))}


def secrets_in(text: str) -> set[str]:
    return set(re.findall(re.escape(SECRETS_AT) + r"([a-z-]+)", text))


def test_every_image_is_pinned_and_every_service_says_whether_it_is_healthy(compose):
    assert set(compose["services"]) == {"gateway", "database", "prometheus", "grafana"}
    for name, service in compose["services"].items():
        assert re.search(r":v?\d+\.\d+\.\d+", service["image"]), f"{name}: {service['image']}"
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name


def test_every_mounted_path_exists_and_every_volume_is_declared(compose):
    used = set()
    for service in compose["services"].values():
        for source in mounts_of(service).values():
            if source.startswith("./"):
                assert (PROJECT / source).exists(), source
            else:
                used.add(source)
    assert used == set(compose["volumes"])


def test_nothing_is_published_beyond_loopback_unless_asked_for(compose):
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(published) == 4
    assert all(re.match(r"(127\.0\.0\.1|\$\{[A-Z_]+:-127\.0\.0\.1\}):", port) for port in published), published


def test_the_script_makes_every_secret_that_the_services_are_given(compose, secrets):
    assert {path.name for path in secrets.iterdir()} == set(compose["secrets"])
    for name, secret in compose["secrets"].items():
        assert PROJECT / secret["file"] == COMPOSE / "secrets" / name
        assert any(name in service.get("secrets", []) for service in compose["services"].values()), f"{name} is unused"


def test_secrets_are_random_and_behind_a_folder_that_is_closed_to_others(tmp_path, secrets):
    make_secrets(tmp_path / "more")
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    random = ["admin-token", "database-password", "gateway-database-password", "grafana-password", "gateway-dsn"]
    assert all((secrets / name).read_text() != (tmp_path / "more" / name).read_text() for name in random)
    assert len({(secrets / name).read_text() for name in random}) == len(random)


def test_the_script_keeps_what_is_there(secrets):
    (secrets / "admin-token").write_text("chosen")
    (secrets / "grafana-password").unlink()
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    make_secrets(secrets)
    after = {path.name: path.read_text() for path in secrets.iterdir()}
    assert after.pop("grafana-password")
    assert after == before


def test_every_secret_that_a_service_reads_is_given_to_it(compose):
    for name, service in compose["services"].items():
        files = [PROJECT / source for source in mounts_of(service).values() if source.startswith("./")]
        files = [file for path in files for file in ([path] if path.is_file() else sorted(path.iterdir()))]
        read = secrets_in(yaml.safe_dump(service.get("environment", {}))).union(
            *(secrets_in(file.read_text()) for file in files)
        )
        assert read == set(service.get("secrets", [])), name


def test_the_configuration_of_the_gateway_is_accepted(tmp_path, secrets):
    data = tmp_path / "data"
    text = (COMPOSE / "gateway.toml").read_text()
    assert SECRETS_AT in text
    assert "/var/lib/ocpp-gateway" in text
    moved = text.replace(SECRETS_AT, f"{secrets}/").replace("/var/lib/ocpp-gateway", str(data))
    (tmp_path / "gateway.toml").write_text(moved)
    done = gateway("check-config", "--config", str(tmp_path / "gateway.toml"))
    assert done.returncode == 0, done.stderr
    password = (secrets / "gateway-database-password").read_text()
    assert password in (secrets / "gateway-dsn").read_text()
    assert password not in done.stdout + done.stderr


def test_services_find_each_other_by_the_names_and_ports_that_they_have(compose):
    services = set(compose["services"])
    scraped = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in scraped}
    assert targets["ocpp-gateway"] == ["gateway:8080"]
    prometheus, timescaledb = yaml.safe_load((COMPOSE / "datasources" / "datasources.yaml").read_text())["datasources"]
    assert prometheus["url"] == "http://prometheus:9090"
    assert timescaledb["url"] == "database:5432"
    assert {"gateway", "prometheus", "database"} <= services
    assert timescaledb["jsonData"]["database"] == compose["services"]["database"]["environment"]["POSTGRES_DB"]
    assert f"CREATE ROLE {timescaledb['user']} LOGIN" in (COMPOSE / "roles.sql").read_text()


def test_the_dockerfile_copies_what_is_there_and_what_is_not_ignored():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    allowed = set(re.findall(r"^!(\S+)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE))
    assert sources == allowed
    assert all((PROJECT / source).exists() for source in sources)


def test_the_dockerfile_runs_as_the_owner_of_its_volume(compose):
    dockerfile = (PROJECT / "Dockerfile").read_text()
    (data,) = re.findall(r"^VOLUME (\S+)$", dockerfile, re.MULTILINE)
    assert re.search(rf"install -d -o gateway -g gateway -m 700 {data}$", dockerfile, re.MULTILINE)
    assert re.search(r"^USER gateway$", dockerfile, re.MULTILINE)
    assert mounts_of(compose["services"]["gateway"])[data] == "gateway-data"
    assert f'directory = "{data}"' in (COMPOSE / "gateway.toml").read_text()


@pytest.fixture
def database(tmp_path: Path, secrets: Path) -> Iterator[str]:
    """A database in which `roles.sql` was run, on a server of our own: roles belong to a whole server."""
    if reason := why_unavailable():
        pytest.skip(reason)
    server = shared_server()
    name = server.create_database()
    roles = tmp_path / "roles.sql"
    roles.write_text((COMPOSE / "roles.sql").read_text().replace(SECRETS_AT, f"{secrets}/"))
    psql = [server.programs / "psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={roles}", server.dsn(name)]
    try:
        subprocess.run(psql, check=True, timeout=DEADLINE_S, capture_output=True)
        yield name
    finally:
        server.drop_database(name)
        server.fetch("postgres", "DROP ROLE IF EXISTS gateway")
        server.fetch("postgres", "DROP ROLE IF EXISTS grafana")


def test_the_gateway_makes_its_schema_and_grafana_reads_it_and_no_more(tmp_path, secrets, database):
    as_gateway, as_grafana = (shared_server().dsn(database, user=role) for role in ("gateway", "grafana"))
    (tmp_path / "gateway.toml").write_text(f'[store]\ndsn = "{as_gateway}"\n')
    done = gateway("migrate", "--config", str(tmp_path / "gateway.toml"))
    assert done.returncode == 0, done.stderr

    fetch(as_gateway, "INSERT INTO ocpp.station (identity) VALUES ('CP1')")
    fetch(
        as_gateway,
        "INSERT INTO ocpp.event (time, received_at, station, kind, detail) VALUES (now(), now(), 'CP1', 'X', '{}')",
    )
    assert fetch(as_grafana, "SELECT identity FROM station") == [("CP1",)]
    assert fetch(as_grafana, "SELECT station FROM event") == [("CP1",)]
    for view in ("reading", "charging_transaction", "energy_daily", "site_peak_daily"):
        assert fetch(as_grafana, f"SELECT * FROM {view}") == []
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        fetch(as_grafana, "DELETE FROM event")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        fetch(f"{as_grafana}?default_transaction_read_only=off", "DELETE FROM event")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        fetch(f"{as_grafana}?default_transaction_read_only=off", "CREATE TABLE ocpp.mine (a int)")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian: apt-get install prometheus)")
def test_promtool_accepts_the_configuration_of_prometheus():
    command = ["promtool", "check", "config", str(COMPOSE / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 0, done.stderr + done.stdout
