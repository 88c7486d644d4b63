"""The command line, `ocpp-gateway`. What a command alone needs is imported when it runs, so that `--help` is quick.

A command that cannot work says why on standard error, one line for each reason, and ends with status 1; a wrong call
ends with status 2. `serve` ends with status 78 if only somebody who changes the configuration can help.
"""

import os
import sys
from pathlib import Path

import click

from gateway import __version__
from gateway.app.cli_admin import ctl, top
from gateway.app.cli_common import CONFIG_OPTION, FILE, failures_told, load

PASSWORD_INPUT_BYTES_MAX = 4096
"""How much is read from standard input in search of a password."""

EXIT_CONFIG = 78
"""Exit status of `serve` for what stays wrong until somebody changes it (EX_CONFIG of sysexits.h)."""

FLEET_VERSIONS = ("1.6", "2.0.1", "2.1")
"""What simulated stations speak."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ocpp-gateway", message="%(prog)s %(version)s")
def main() -> None:
    """OCPP edge gateway: what charging stations say is validated, on disk, answered and stored."""
    _fill_standard_descriptors()


main.add_command(top)
main.add_command(ctl)


@main.command()
@CONFIG_OPTION
@click.option("--host", help="Address to listen on for stations; sets listener.host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on for stations; sets listener.port.")
@click.option("--data", help="Directory for what must not be lost; sets data.directory.")
def serve(file: Path | None, host: str | None, port: int | None, data: str | None) -> None:
    """Serve charging stations until Ctrl-C. A second Ctrl-C stops at once."""
    options = {"--host": ("listener.host", host), "--port": ("listener.port", port), "--data": ("data.directory", data)}
    with failures_told(status_of_invalid=EXIT_CONFIG):
        config = load(file, options).config
        import uvloop

        from gateway.app.gateway import Gateway
        from gateway.app.logs import open_log
        from gateway.app.signals import run_until_signalled
        from gateway.app.supervisor import open_supervisor
        from gateway.app.terminal import Progress
        from gateway.app.view import status_line

        log = open_log(config.log.level, config.log.file)
        supervisor = open_supervisor(os.environ, log=log)
        show = Progress(sys.stdout)

        def progress(text: str) -> None:
            show(text)
            supervisor.progress(text)

        gateway = Gateway(config, log=log, progress=progress)

        def started() -> None:
            click.echo(f"data      {config.data.directory.absolute()}")
            for url in gateway.stations_urls:
                click.echo(f"stations  {url}{{identity}}")
            click.echo(f"admin     {gateway.admin_url}")
            supervisor.started(lambda: status_line(gateway))

        def hang_up() -> None:
            supervisor.reloading(gateway.reload())

        try:
            uvloop.run(run_until_signalled(gateway, started, on_hangup=hang_up, on_asked=supervisor.stopping))
        finally:
            supervisor.close()
            log.close()


@main.command()
@click.option("--stations", type=click.IntRange(1, 5000), default=12, show_default=True, help="Simulated stations.")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 3600),
    default=60.0,
    show_default=True,
    help="Simulated seconds a second.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same stations.")
@click.option("--duration", type=click.FloatRange(min=0, min_open=True), help="Seconds to run; else until Ctrl-C.")
def demo(stations: int, speed: float, seed: int, duration: float | None) -> None:
    """Run a gateway with simulated stations."""
    with failures_told():
        from gateway.app.demo import run_demo

        run_demo(stations=stations, speed=speed, seed=seed, duration_s=duration)


@main.command()
@click.argument("url")
@click.option("--stations", type=click.IntRange(1, 20_000), default=10, show_default=True, help="Simulated stations.")
@click.option(
    "--versions",
    multiple=True,
    default=["1.6,2.0.1,2.1"],
    show_default=True,
    help="OCPP versions, separated by commas; stations take turns. May be repeated.",
)
@click.option(
    "--identity-prefix",
    default="SIM-",
    show_default=True,
    help="Identities are this and four digits. A run of # in it is replaced by as many digits instead.",
)
@click.option("--password", help="Basic authentication, one password for all. Others see it in the list of processes.")
@click.option("--password-file", type=FILE, help="File whose first line is the password.")
@click.option("--id-token", "id_tokens", multiple=True, help="Id token that drivers present; may be repeated.")
@click.option("--id-tokens", "id_tokens_file", type=FILE, help="File of id tokens, one a line. Else they are random.")
@click.option("--tls", "ca_file", type=FILE, help="Certificates (PEM) that a wss server is trusted by.")
@click.option("--insecure", is_flag=True, help="Trust any certificate.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same stations.")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 3600),
    default=1.0,
    show_default=True,
    help="Times real time. Above 1 the stations' clocks run ahead, and a server may not believe them.",
)
@click.option("--ramp", type=click.FloatRange(0.1, 10_000), default=200.0, show_default=True, help="Connects a second.")
@click.option("--duration", type=click.FloatRange(min=0, min_open=True), help="Seconds to run; else until Ctrl-C.")
@click.option(
    "--charging-faults",
    metavar="PRESET|KEY=VALUE,...",
    default="none",
    show_default=True,
    help="How stations misbehave in smart charging: some, many or ignoring, and shares as in some,rejects=0.2.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line, every two seconds and at the end.")
def fleet(
    url: str,
    stations: int,
    versions: tuple[str, ...],
    identity_prefix: str,
    password: str | None,
    password_file: Path | None,
    id_tokens: tuple[str, ...],
    id_tokens_file: Path | None,
    ca_file: Path | None,
    insecure: bool,
    seed: int,
    speed: float,
    ramp: float,
    duration: float | None,
    charging_faults: str,
    as_json: bool,
) -> None:
    """Play simulated stations against any OCPP server.

    URL is the server's, without the identity: ws://127.0.0.1:9000/ocpp. The status is 1 if no station could connect.
    """
    if password is not None and password_file is not None:
        raise click.UsageError("--password and --password-file exclude each other")
    names = [name.strip().removeprefix("ocpp") for given in versions for name in given.split(",")]
    for name in names:
        if name not in FLEET_VERSIONS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(FLEET_VERSIONS)}", param_hint="'--versions'")
    with failures_told():
        from gateway.app.fleet_command import (
            FleetOptions,
            read_charging_faults,
            read_id_tokens,
            read_password,
            run_fleet,
        )

        options = FleetOptions(
            url=url,
            stations=stations,
            versions=tuple(f"ocpp{name}" for name in names),
            identities=identity_prefix,
            password=password if password_file is None else read_password(password_file),
            id_tokens=read_id_tokens(id_tokens, id_tokens_file),
            ca_file=ca_file,
            insecure=insecure,
            seed=seed,
            speed=speed,
            ramp_per_s=ramp,
            duration_s=duration,
            charging_faults=read_charging_faults(charging_faults),
            json=as_json,
        )
        run_fleet(options)


@main.command()
@CONFIG_OPTION
@click.option("--data", type=FILE, help="The gateway's data directory, or the file of the store: an SQLite store.")
@click.argument("sql", required=False)
def query(file: Path | None, data: Path | None, sql: str | None) -> None:
    """Query the store, also while the gateway runs.

    Without SQL it lists the tables and views. The store is that of the configuration, unless DATA names one.
    """
    with failures_told():
        from gateway.app.configured_store import configured_dsn, store_file
        from gateway.app.query import query_database, query_file

        if data is not None:
            lines = query_file(data, sql)
        elif (dsn := configured_dsn(config := load(file).config)) is not None:
            lines = query_database(dsn, sql)
        else:
            lines = query_file(store_file(config), sql)
        for line in lines:
            click.echo(line)


@main.command()
@CONFIG_OPTION
@click.option("--dry-run", is_flag=True, help="Change nothing; print the SQL that would be executed.")
def migrate(file: Path | None, dry_run: bool) -> None:
    """Bring the database of a TimescaleDB store to the schema that this version needs.

    A gateway does so itself when it connects. By hand it can be done by a role that may do more.
    """
    with failures_told():
        from gateway.app.migrate_command import migrate as run_migrate

        for line in run_migrate(load(file).config, dry_run=dry_run):
            click.echo(line)


@main.command("check-config")
@CONFIG_OPTION
def check_config(file: Path | None) -> None:
    """Check the configuration and its files."""
    with failures_told():
        from gateway.app.configured_files import read_configured_files
        from gateway.app.configured_store import shown_store

        config = load(file).config
        read_configured_files(config)
        click.echo(f"{file or 'the configuration'}: valid")
        click.echo(f"store: {shown_store(config)}")


@main.group("print")
def print_page() -> None:
    """Print the configuration or a reference."""


@print_page.command("config")
@CONFIG_OPTION
def print_config(file: Path | None) -> None:
    """The configuration in effect, as TOML, with where each key was set."""
    with failures_told():
        from gateway.app.config_pages import effective_page

        click.echo(effective_page(load(file)), nl=False)


@print_page.command("systemd-unit")
@CONFIG_OPTION
@click.option("--user", default="ocpp-gateway", show_default=True, help="Who the service runs as; has to exist.")
def print_systemd_unit(file: Path | None, user: str) -> None:
    """A unit for systemd 252 or newer that serves with this configuration and may do nothing else.

    What the environment sets does not count: the service has an environment of its own. Without a configuration the
    data is in /var/lib/ocpp-gateway.
    """
    with failures_told():
        from gateway.app.config_sources import load_config
        from gateway.app.systemd_unit import systemd_unit

        click.echo(systemd_unit(load_config(file), file=file, user=user), nl=False)


@print_page.command("reference")
def print_reference() -> None:
    """Every key of the configuration: type, default, unit and meaning, as Markdown."""
    from gateway.app.config_pages import reference_page

    with failures_told():
        click.echo(reference_page(), nl=False)


@print_page.command("site-reference")
def print_site_reference() -> None:
    """Every key of a site's file: type, default, unit and meaning, as Markdown."""
    from gateway.app.site_page import site_reference_page

    with failures_told():
        click.echo(site_reference_page(), nl=False)


@print_page.command("quirks")
def print_quirks() -> None:
    """The quirks of firmwares that are mended, as Markdown: what, where seen, and why nobody is billed wrongly."""
    with failures_told():
        from gateway.app.quirks_page import quirks_page

        click.echo(quirks_page(), nl=False)


@print_page.command("metrics")
def print_metrics() -> None:
    """Every metric: kind, labels and meaning, as Markdown."""
    from gateway.app.metrics import METRICS, PREFIX

    with failures_told():
        click.echo("# Metrics\n\n| metric | kind | labels | meaning |\n| --- | --- | --- | --- |")
        for metric in METRICS:
            labels = ", ".join(f"`{label}`" for label in metric.labels)
            click.echo(f"| `{PREFIX}{metric.name}` | {metric.kind} | {labels} | {metric.help} |")


@print_page.command("actions")
def print_actions() -> None:
    """Every action of OCPP: what becomes of it, or how it is offered, by version, as Markdown."""
    from gateway.app.actions_page import actions_page

    with failures_told():
        click.echo(actions_page(), nl=False)


@print_page.command("api")
def print_api() -> None:
    """The HTTP API: how to reach it, how commands end, every command and its fields, as Markdown."""
    from gateway.app.api_page import api_page

    with failures_told():
        click.echo(api_page(), nl=False)


@main.command("hash-password")
@click.argument("identity")
@click.option(
    "--hex", "is_hex", is_flag=True, help="The password is typed as hexadecimal, as 1.6 ChangeConfiguration has it."
)
def hash_password(identity: str, is_hex: bool) -> None:
    """Make a line of a credentials file.

    Reads a station's password and prints its line for the file that stations.credentials_file names.

    The password comes from standard input, or from a prompt that does not show it: 16 to 64 random bytes. 1.6 stations
    are given theirs as hexadecimal digits (ChangeConfiguration of AuthorizationKey): use --hex for those.
    """
    with failures_told():
        from gateway.core.credentials import SALT_BYTES, CredentialsError, hash_line

        password = _read_password()
        try:
            key = bytes.fromhex(password.decode("ascii")) if is_hex else password
        except ValueError:
            raise CredentialsError("the password is not hexadecimal") from None
        click.echo(hash_line(identity, key, os.urandom(SALT_BYTES)))


def _read_password() -> bytes:
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed.encode("utf-8", "surrogateescape")
    content = sys.stdin.buffer.read(PASSWORD_INPUT_BYTES_MAX)
    return content.removesuffix(b"\n").removesuffix(b"\r")


def _fill_standard_descriptors() -> None:
    """Open the null device as each of descriptors 0 to 2 that is closed.

    Else a station's socket could become descriptor 2, and the log would be written to it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
