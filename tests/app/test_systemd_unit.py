"""Facts about the printed unit: what it takes from the configuration, and what systemd itself says of it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.app import systemd_unit as unit_module
from gateway.app.cli import main
from gateway.app.resources import OTHER_FILES

SYSTEMD_MIN = 252
"""What the unit is written for; older ones do not know all of it."""

EXPOSURE_MAX = 11
"""Tenths; a service that restricts nothing has 96. What is left is that a gateway uses the network, and /proc/stat."""

EXPOSURE_MAX_LOW_PORT = 14
"""With a port below 1024 it has that one capability, and so no users of its own."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("OCPP_GATEWAY_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def installed(monkeypatch) -> None:
    """The program is where no home and no temporary directory is."""
    monkeypatch.setattr(sys, "prefix", "/opt/gateway")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "executable", "/opt/gateway/bin/python")


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["print", "systemd-unit", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def configured(folder: Path, text: str, *arguments: str, name: str = "gateway.toml") -> dict[str, str]:
    """Return the settings of the unit for a configuration; of one that stands twice, the last."""
    (folder / name).write_text(text)
    lines = printed("--config", str(folder / name), *arguments).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


DATA = '[data]\ndirectory = "/var/lib/ocpp-gateway"\n'


def test_limits_are_those_of_the_configuration(tmp_path):
    unit = configured(
        tmp_path, DATA + "[listener]\nconnections_max = 5000\n[drain]\ngrace_s = 60.5\n", "--user", "ocpp"
    )
    assert unit["User"] == "ocpp"
    assert unit["LimitNOFILE"] == str(5000 + OTHER_FILES)
    assert unit["TimeoutStopSec"] == "161"
    assert unit["ExecStart"].endswith(f" serve --config {tmp_path}/gateway.toml")
    assert unit["StateDirectory"] == "ocpp-gateway"
    assert "ReadWritePaths" not in unit


def test_without_a_configuration_the_data_has_a_place_of_its_own():
    unit = printed()
    assert " serve --data /var/lib/ocpp-gateway\n" in unit
    assert "\nStateDirectory=ocpp-gateway\n" in unit


def test_the_environment_of_who_prints_is_not_that_of_the_service(monkeypatch):
    monkeypatch.setenv("OCPP_GATEWAY__LISTENER__PORT", "no number")
    assert "LimitNOFILE=" in printed()


def test_whatever_is_written_elsewhere_may_be_written(tmp_path):
    text = (
        '[data]\ndirectory = "data"\n[store]\npath = "/srv/a b/store.sqlite"\n[log]\nfile = "/var/log/gateway.jsonl"\n'
    )
    unit = configured(tmp_path, text)
    assert unit["ReadWritePaths"] == f'{tmp_path}/data "/srv/a b" /var/log/gateway.jsonl'
    assert "StateDirectory" not in unit


def test_directories_of_logs_and_state_are_made_by_systemd(tmp_path):
    text = '[data]\ndirectory = "/var/lib/ocpp/depot"\n[store]\npath = "/var/lib/ocpp-store/s.sqlite"\n'
    unit = configured(tmp_path, text + '[log]\nfile = "/var/log/ocpp/gateway.jsonl"\n')
    assert unit["StateDirectory"] == "ocpp/depot ocpp-store"
    assert unit["LogsDirectory"] == "ocpp"
    assert "ReadWritePaths" not in unit


def test_a_store_within_the_data_directory_needs_no_word(tmp_path):
    unit = configured(tmp_path, DATA + '[store]\npath = "/var/lib/ocpp-gateway/db/s.sqlite"\n')
    assert (unit["StateDirectory"], "ReadWritePaths" in unit) == ("ocpp-gateway", False)


@pytest.mark.parametrize(
    ("text", "capability"),
    [
        ("", ""),
        ("[listener]\nport = 80\n", "CAP_NET_BIND_SERVICE"),
        ("[admin]\nport = 1023\n", "CAP_NET_BIND_SERVICE"),
        ("[admin]\nport = 1024\n", ""),
        ("[listener]\nport = 0\n", ""),
        ("[tls]\nport = 443\n", ""),  # without a certificate nobody listens there
    ],
)
def test_it_may_bind_low_ports_only_if_it_has_to(tmp_path, text, capability):
    unit = configured(tmp_path, DATA + text)
    assert (unit["AmbientCapabilities"], unit["CapabilityBoundingSet"]) == (capability, capability)
    assert ("PrivateUsers" in unit) == (not capability), "capabilities of a private user do not count for ports"


def test_what_it_needs_is_not_hidden_from_it(installed, monkeypatch):
    elsewhere = printed()
    assert "\nProtectHome=yes\n" in elsewhere
    assert "\nPrivateTmp=yes\n" in elsewhere
    monkeypatch.setattr(sys, "prefix", "/home/me/gateway")
    assert "\nProtectHome=read-only\n" in printed()
    monkeypatch.setattr(sys, "prefix", "/tmp/gateway")
    assert "\nPrivateTmp=no\n" in printed()


def test_the_installed_program_is_called_by_its_absolute_path(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert f"\nExecStart={tmp_path}/python -m gateway serve" in printed()
    (tmp_path / "ocpp-gateway").touch()
    assert f"\nExecStart={tmp_path}/ocpp-gateway serve" in printed()


def test_nothing_in_a_path_is_expanded_or_cut(tmp_path):
    folder = tmp_path / 'a b%h$HOME"\\'
    folder.mkdir()
    unit = configured(folder, '[data]\ndirectory = "d"\n')
    escaped = f'{tmp_path}/a b%%h$$HOME\\"\\\\'
    assert unit["ExecStart"].endswith(f' --config "{escaped}/gateway.toml"')
    assert unit["ReadWritePaths"] == '"' + escaped.replace("$$", "$") + '/d"'


@pytest.mark.parametrize("user", ["", "a b", "a\nExecStart=/bin/sh", "-x", "%u"])
def test_who_is_no_user_is_told_in_one_line(user):
    result = CliRunner().invoke(main, ["print", "systemd-unit", "--user", user])
    assert (result.exit_code, result.output) == (1, result.stderr)
    assert result.stderr == f"ocpp-gateway: --user: {user!r} is no name of a user\n"


def test_a_path_with_a_line_break_is_refused(tmp_path):
    result = CliRunner().invoke(main, ["print", "systemd-unit", "--config", "a\nb.toml"])
    assert result.exit_code == 1
    (tmp_path / "a\nb").mkdir()
    (tmp_path / "a\nb" / "gateway.toml").write_text(DATA)
    result = CliRunner().invoke(main, ["print", "systemd-unit", "--config", "a\nb/gateway.toml"])
    assert result.exit_code == 1
    assert "a unit cannot hold such a path" in result.stderr


# What systemd says


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze; on Debian: apt-get install systemd")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    if int(version) < SYSTEMD_MIN:
        pytest.skip(f"systemd-analyze is of version {version}, older than {SYSTEMD_MIN}")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def unit_file(tmp_path) -> Path:
    (tmp_path / "gate way.toml").write_text('[data]\ndirectory = "da ta%h"\n')
    file = tmp_path / "ocpp-gateway-test.service"
    file.write_text(printed("--config", "gate way.toml"))
    return file


def test_systemd_finds_nothing_wrong(unit_file):
    verified = analyze("verify", "--man=no", str(unit_file))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_systemd_would_find_what_is_wrong(unit_file):
    unit_file.write_text(unit_file.read_text().replace("ProtectClock=yes", "ProtectClok=yes"))
    assert "'ProtectClok'" in analyze("verify", "--man=no", str(unit_file)).stderr


@pytest.mark.parametrize(
    ("text", "exposure_max"),
    [("", EXPOSURE_MAX), ("[listener]\nport = 80\n", EXPOSURE_MAX_LOW_PORT)],
    ids=["high port", "low port"],
)
def test_systemd_rates_its_exposure_as_low(installed, tmp_path, text, exposure_max):
    (tmp_path / "gateway.toml").write_text(DATA + text)
    file = tmp_path / "ocpp-gateway-test.service"
    file.write_text(printed("--config", "gateway.toml").replace("PrivateTmp=no", "PrivateTmp=yes"))  # the test's file
    rated = analyze("security", "--offline=true", f"--threshold={exposure_max}", "--no-pager", str(file))
    assert rated.returncode == 0, rated.stdout + rated.stderr


def test_the_hardening_is_in_the_unit_whole():
    assert unit_module.HARDENING in printed()
