"""Facts about the command line: what it prints, why it fails, and with which status."""

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import gateway
from gateway import __version__
from gateway.app.cli import main
from gateway.app.config_sources import load_config
from gateway.core.credentials import hash_line, parse_credentials

KEY = b"0123456789abcdef"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in os.environ:
        if name.startswith("OCPP_GATEWAY"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def python(*arguments: str) -> str:
    """Return what a fresh interpreter prints."""
    root = Path(gateway.__file__).parent.parent
    result = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=root)
    assert result.returncode == 0, result.stderr
    return result.stdout


def run(*arguments: str, **how):
    return CliRunner().invoke(main, list(arguments), **how)


def test_the_version_is_that_of_the_package():
    assert run("--version").output == f"ocpp-gateway {__version__}\n"


def test_help_loads_nothing_that_is_slow():
    show = "import sys; from gateway.app.cli import main; main(['--help'], standalone_mode=False)"
    output = python("-c", show + "; print(*sys.modules)")
    assert "check-config" in output
    for slow in ("aiohttp", "uvloop", "prometheus_client", "msgspec", "orjson", "sqlite3", "asyncio"):
        assert f" {slow} " not in output


@pytest.mark.parametrize("command", ["serve", "demo", "fleet", "top", "ctl", "check-config", "print", "hash-password"])
def test_every_command_explains_itself(command):
    for option in ("-h", "--help"):
        result = run(command, option)
        assert result.exit_code == 0
        assert "Usage:" in result.output


def test_python_minus_m_is_the_same_command():
    assert python("-m", "gateway", "--version") == f"ocpp-gateway {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["srve"],
        ["serve", "extra"],
        ["serve", "--port", "x"],
        ["serve", "--port", "70000"],
        ["demo", "--stations", "0"],
        ["demo", "--speed", "-1"],
        ["demo", "--duration", "0"],
        ["print", "nothing"],
        ["hash-password"],
    ],
)
def test_a_wrong_call_has_status_2(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert result.stdout == ""


# check-config and print


def test_no_configuration_is_a_valid_one():
    result = run("check-config")
    told = f"the configuration: valid\nstore: SQLite, {Path.cwd()}/gateway-data/store.sqlite\n"
    assert (result.exit_code, result.output) == (0, told)


def test_a_wrong_configuration_is_told_line_by_line(tmp_path):
    (tmp_path / "gateway.toml").write_text("[listener]\nprot = 1\n[log]\nlevel = 3\n")
    commands = (["check-config"], 1), (["print", "config"], 1), (["print", "systemd-unit"], 1), (["serve"], 78)
    for command, status in commands:
        result = run(*command, "--config", "gateway.toml")
        assert result.exit_code == status
        assert result.stdout == ""
        assert result.stderr.splitlines() == [
            'ocpp-gateway: gateway.toml: $.listener.prot: unknown key; did you mean "port"?',
            'ocpp-gateway: gateway.toml: $.log.level: is 3, must be "debug", "error", "info" or "warning"',
        ]


def test_a_configuration_that_is_not_there_is_told_in_one_line():
    result = run("check-config", "--config", "absent.toml")
    assert result.exit_code == 1
    assert result.stderr == "ocpp-gateway: absent.toml: cannot be read: No such file or directory\n"


def test_the_files_that_the_configuration_names_are_checked_too(tmp_path):
    (tmp_path / "gateway.toml").write_text(
        '[stations]\nlist_file = "list"\ncredentials = "basic"\ncredentials_file = "passwords"\n'
        '[authorisation]\ntoken_file = "tokens.toml"\n[admin]\ntoken_file = "bearer"\n'
    )
    (tmp_path / "list").write_text("a/b\n")
    (tmp_path / "passwords").write_text("CP1:plain\n")
    (tmp_path / "tokens.toml").write_text("[[token]]\n")
    (tmp_path / "bearer").write_text("short")
    result = run("check-config", "--config", "gateway.toml")
    assert result.exit_code == 1
    assert [line.split(": ")[1:3] for line in result.stderr.splitlines()] == [
        ["stations.list_file", "list"],
        ["stations.credentials_file", "passwords"],
        ["authorisation.token_file", "tokens.toml"],
        ["admin.token_file", "bearer"],
    ]
    (tmp_path / "list").write_text("CP1\n")
    (tmp_path / "passwords").write_text(hash_line("CP1", KEY, bytes(16)))
    (tmp_path / "tokens.toml").write_text('[[token]]\nid = "04A2"\n')
    (tmp_path / "bearer").write_text("0123456789abcdef")
    assert run("check-config", "--config", "gateway.toml").output.startswith("gateway.toml: valid\n")


def test_the_environment_names_the_file_and_sets_keys(tmp_path):
    (tmp_path / "gateway.toml").write_text("[listener]\nport = 9001\n")
    environment = {"OCPP_GATEWAY_CONFIG": "gateway.toml", "OCPP_GATEWAY__LISTENER__BACKLOG": "7"}
    page = run("print", "config", env=environment).output
    assert "port = 9001  # gateway.toml\n" in page
    assert "backlog = 7  # OCPP_GATEWAY__LISTENER__BACKLOG\n" in page


def test_the_printed_configuration_can_be_used(tmp_path):
    (tmp_path / "printed.toml").write_text(run("print", "config", env={"OCPP_GATEWAY__DRAIN__GRACE_S": "3"}).output)
    assert load_config(tmp_path / "printed.toml").config.drain.grace_s == 3.0


def test_the_reference_is_printed():
    result = run("print", "reference")
    assert result.exit_code == 0
    assert result.output.startswith("# Configuration reference\n")


def test_the_reference_of_sites_is_printed():
    result = run("print", "site-reference")
    assert result.exit_code == 0
    assert result.output.startswith("# Reference of a site's file\n")


def test_every_metric_is_printed_with_its_full_name_and_a_meaning():
    rows = [line.split(" | ") for line in run("print", "metrics").output.splitlines() if line.startswith("| `")]
    names = [row[0].strip("|` ") for row in rows]
    assert "ocpp_gateway_store_cpu_seconds_total" in names
    assert len(names) == len(set(names))
    for name, (_, kind, _, meaning) in zip(names, rows, strict=True):
        assert name.startswith("ocpp_gateway_")
        assert (kind == "counter") == name.endswith("_total")
        assert meaning.endswith(". |")


# What may not be read or made


@pytest.mark.parametrize(
    ("command", "status"), [(["check-config", "--config"], 1), (["serve", "--config"], 78), (["query", "--data"], 1)]
)
def test_what_may_not_be_read_is_told_like_any_other_failure(monkeypatch, tmp_path, command, status):
    file = tmp_path / "file"
    file.touch()

    def refuse(*arguments, **keywords):
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    monkeypatch.setattr(os, "access", lambda *arguments, **keywords: False)  # tests may run as root, who may read all
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "exists", refuse)
    result = run(*command, str(file))
    assert result.exit_code == status
    (told,) = result.stderr.splitlines()
    assert told.startswith("ocpp-gateway: ")
    assert str(file) in told
    assert "Permission denied" in told


def test_a_demo_that_has_no_place_for_its_data_says_where_it_tried(tmp_path):
    (tmp_path / "gateway-data").touch()
    result = run("demo", "--duration", "1")
    where = tmp_path / "gateway-data" / "demo"
    assert (result.exit_code, result.stderr) == (
        1,
        f"ocpp-gateway: data directory {where}: cannot be made: Not a directory\n",
    )


# Output that nobody takes


def piped(*arguments: str) -> subprocess.CompletedProcess:
    """Return how a command ended whose reader left after the first line."""
    command = shlex.join([sys.executable, "-m", "gateway", *arguments])
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | head -n 1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_reader_that_has_enough_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(gateway.__file__).parent.parent))
    more_than_a_pipe_holds = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 900)"
        "SELECT zeroblob(60) a, zeroblob(60) b, zeroblob(60) c FROM n"
    )
    (tmp_path / "store.sqlite").touch()
    ended = piped("query", "--data", str(tmp_path), more_than_a_pipe_holds)
    assert ended.stdout.split() == ["a", "b", "c"]
    assert ended.stderr == ""


def test_a_demo_that_nobody_watches_any_more_ends(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(gateway.__file__).parent.parent))
    ended = piped("demo", "--stations", "1", "--duration", "1000")
    assert "connected" in ended.stdout
    assert ended.stderr == ""


@pytest.mark.parametrize("page", ["config", "reference", "metrics"])
def test_output_that_cannot_be_written_is_told_in_one_line(monkeypatch, page):
    monkeypatch.setenv("PYTHONPATH", str(Path(gateway.__file__).parent.parent))
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "gateway", "print", page],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == "ocpp-gateway: [Errno 28] No space left on device\n"


# hash-password


def test_the_printed_line_lets_the_station_in():
    line = run("hash-password", "DE:ABC/1 *", input=KEY + b"\n").output
    assert parse_credentials(line, name="printed").verify("DE:ABC/1 *", b"DE:ABC/1 *:" + KEY)


def test_two_lines_for_one_password_differ():
    assert run("hash-password", "CP1", input=KEY).output != run("hash-password", "CP1", input=KEY).output


def test_a_password_of_raw_bytes_is_read_as_it_is():
    key = bytes(range(0xF0, 0x100))
    line = run("hash-password", "CP1", input=key).output
    assert parse_credentials(line, name="printed").verify("CP1", b"CP1:" + key)


def test_a_password_in_hexadecimal_is_decoded():
    line = run("hash-password", "CP1", "--hex", input=KEY.hex().encode() + b"\r\n").output
    assert parse_credentials(line, name="printed").verify("CP1", b"CP1:" + KEY)


@pytest.mark.parametrize(
    ("arguments", "typed", "why"),
    [
        (["CP1"], b"hunter2\n", "16 to 64 bytes, this one 7"),
        (["CP1"], b"", "16 to 64 bytes, this one 0"),
        (["CP1"], b"x" * 65, "16 to 64 bytes, this one 65"),
        (["CP1", "--hex"], b"not hexadecimal!", "is not hexadecimal"),
        (["CP1", "--hex"], b"\xff\xfe", "is not hexadecimal"),
        ([""], KEY, "the identity is empty"),
    ],
)
def test_a_password_that_cannot_be_used_is_told_and_not_repeated(arguments, typed, why):
    result = run("hash-password", *arguments, input=typed)
    assert result.exit_code == 1
    assert why in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert b"hunter2" not in result.output_bytes
