"""The commands that look at a running gateway, or tell it something, over its admin port: `top` and `ctl`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.app.cli_common import CONFIG_OPTION, FILE, failures_told

if TYPE_CHECKING:
    from gateway.app.ctl_command import Order, Page

Command = TypeVar("Command", bound=Callable[..., Any])

URL_OPTION = click.option(
    "--url", help="Admin port of the gateway; else that of --config, http://127.0.0.1:8080 by default."
)
TOKEN_OPTION = click.option(
    "--token-file", type=FILE, help="File with the bearer token of the API; else the one that --config names."
)
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="JSON, for scripts.")

AMPERES = click.FloatRange(0, 100_000)
SECONDS = click.FloatRange(0, min_open=True)


def _reaching(command: Command) -> Command:
    """Give a command the options that say which gateway is meant."""
    for option in (JSON_OPTION, TOKEN_OPTION, CONFIG_OPTION, URL_OPTION):
        command = option(command)
    return command


@click.command()
@click.option(
    "--interval", type=click.FloatRange(0.2, 3600), default=2.0, show_default=True, help="Seconds between scrapes."
)
@click.option("--once", is_flag=True, help="One picture, of one interval; the status is 1 if it is not ready.")
@_reaching
def top(
    interval: float, once: bool, url: str | None, file: Path | None, token_file: Path | None, as_json: bool
) -> None:
    """Watch a running gateway until Ctrl-C.

    It needs no token, but to say which sites have trouble.
    """
    with failures_told():
        from gateway.app.admin_client import admin_target
        from gateway.app.top_command import TopOptions, run_top

        target = admin_target(url, file, token_file)
        status = run_top(TopOptions(target=target, interval_s=interval, once=once, json=as_json))
    sys.exit(status)


@click.group()
def ctl() -> None:
    """Ask a running gateway, and tell it things.

    The status is 1 if the gateway refuses, or cannot be reached.
    """


@ctl.command("stations")
@click.option("--connected", is_flag=True, help="Only those that are connected.")
@_reaching
def list_stations(connected: bool, **reaching: Any) -> None:
    """List stations."""
    with failures_told():
        from gateway.app import ctl_command

        _answer(ctl_command.stations(connected), **reaching)


@ctl.command("station")
@click.argument("identity")
@_reaching
def show_station(identity: str, **reaching: Any) -> None:
    """Show all about one station."""
    with failures_told():
        from gateway.app import ctl_command

        _answer(ctl_command.station(identity), **reaching)


@ctl.command("call")
@click.argument("identity")
@click.argument("action")
@click.argument("payload", metavar="[JSON]", default="{}")
@click.option("--timeout", type=SECONDS, help="Seconds that the station has to answer.")
@click.option("--key", help="Idempotency key: the same call with the same key is sent once.")
@_reaching
def call_station(
    identity: str, action: str, payload: str, timeout: float | None, key: str | None, **reaching: Any
) -> None:
    """Send one OCPP call of the station's own version, such as TriggerMessage, and print what it answered."""
    with failures_told():
        from gateway.app import ctl_command

        _answer(ctl_command.call(identity, action, payload, timeout_s=timeout, key=key), **reaching)


@ctl.command("sites")
@_reaching
def list_sites(**reaching: Any) -> None:
    """List the sites whose power is shared."""
    with failures_told():
        from gateway.app import ctl_command

        _answer(ctl_command.sites(), **reaching)


@ctl.command("site")
@click.argument("name")
@_reaching
def show_site(name: str, **reaching: Any) -> None:
    """Show one site: what its nodes carry, and what its EVSEs get and why."""
    with failures_told():
        from gateway.app import ctl_command

        _answer(ctl_command.site(name), **reaching)


@ctl.command("limit")
@click.argument("site")
@click.argument("node")
@click.option("--amperes", type=AMPERES, help="What each phase of the node carries, at most; 0 lets nobody charge.")
@click.option("--kilowatts", type=AMPERES, help="What all phases of the node carry together, at most.")
@click.option("--for", "valid_s", type=SECONDS, help="Seconds that it holds; else until it is replaced or cleared.")
@click.option("--clear", is_flag=True, help="Let the node carry what its site's file says.")
@_reaching
def limit_node(
    site: str,
    node: str,
    amperes: float | None,
    kilowatts: float | None,
    valid_s: float | None,
    clear: bool,
    **reaching: Any,
) -> None:
    """Limit what a node of a site carries, in place of a limit that was given before; its rating holds beside it."""
    has_limit = amperes is not None or kilowatts is not None
    if clear == has_limit or (clear and valid_s is not None):
        raise click.UsageError("either --amperes or --kilowatts or both, perhaps with --for, or --clear alone")
    with failures_told():
        from gateway.app import ctl_command

        if clear:
            order = ctl_command.clear_limit(site, node)
        else:
            order = ctl_command.limit(site, node, limit_a=amperes, limit_kw=kilowatts, valid_s=valid_s)
        _answer(order, **reaching)


@ctl.command("reload")
@_reaching
def reload_sites(**reaching: Any) -> None:
    """Have the gateway read the files of its sites again; if one is not valid, nothing is changed."""
    with failures_told():
        from gateway.app import ctl_command

        _answer(ctl_command.reload(), **reaching)


def _answer(
    order: "tuple[Order, Page | None]", *, url: str | None, file: Path | None, token_file: Path | None, as_json: bool
) -> None:
    """Carry out an order and print what comes of it."""
    from gateway.app.admin_client import admin_target
    from gateway.app.ctl_command import run_ctl

    for text in run_ctl(admin_target(url, file, token_file), *order, as_json=as_json):
        click.echo(text)
