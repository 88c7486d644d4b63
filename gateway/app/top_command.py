"""What `ocpp-gateway top` does: it asks a running gateway how it is, again and again, and shows that."""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.app.admin_client import AdminClient, AdminError, AdminTarget, admin_client
from gateway.app.metrics_page import PageError, read_page
from gateway.app.signals import install
from gateway.app.terminal import Screen
from gateway.app.top_figures import Figures, Scrape, SiteTrouble, figures_of
from gateway.app.top_picture import Trouble, line, picture

FIRST_INTERVAL_S: Final = 1.0
"""Time between the first two scrapes, if the interval is longer: nobody wants to wait for a first picture."""

NOT_READY_STATUS: Final = 1


class TopOptions(Struct, frozen=True, kw_only=True):
    """The command line."""

    target: AdminTarget
    interval_s: float
    once: bool
    json: bool


def run_top(options: TopOptions) -> int:
    """Show how a gateway is, until Ctrl-C or once; return the exit status. Raises AdminError.

    Once it has answered, a gateway that is away is waited for: who watches a restart wants to see it come back.
    """
    return asyncio.run(_once(options) if options.once else _until_signalled(options))


async def _once(options: TopOptions) -> int:
    async with admin_client(options.target) as client:
        before = await scrape(client)
        await asyncio.sleep(options.interval_s)
        figures = figures_of(before, await scrape(client))
    if options.json:
        print(msgspec.json.encode(figures).decode())
    else:
        Screen(sys.stdout).print(lambda width, look: picture(figures, options.target.url, width, look=look))
    return 0 if figures.ready else NOT_READY_STATUS


async def _until_signalled(options: TopOptions) -> int:
    """Watch until a signal comes, or nobody is left to see it; the terminal is given back whatever happens."""
    asked = asyncio.Event()
    uninstall = install(asyncio.get_running_loop(), asked.set, asked.set)
    watch = Watch(options)
    watching = asyncio.create_task(watch.run())
    signalled = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({watching, signalled}, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
    finally:
        uninstall()
        for task in (watching, signalled):
            task.cancel()
        await asyncio.gather(watching, signalled, return_exceptions=True)
        watch.close()
    return 0


class Watch:
    """Scrapes a gateway every `interval_s` and shows what changed: a picture, lines, or JSON a line."""

    def __init__(self, options: TopOptions) -> None:
        self._options = options
        self._screen = Screen(sys.stdout, line_interval_s=0.0)
        self._begun_s = time.monotonic()
        self._figures: Figures | None = None

    async def run(self) -> None:
        """Go on for ever. Raises AdminError if the first scrape fails, OSError when the output is gone."""
        interval_s = self._options.interval_s
        async with admin_client(self._options.target) as client:
            before = await scrape(client)
            await asyncio.sleep(min(interval_s, FIRST_INTERVAL_S))
            while True:
                begun_s = time.monotonic()
                try:
                    after = await scrape(client)
                except AdminError as error:
                    self._show_trouble(str(error), begun_s - before.monotonic_s)
                else:
                    self._figures = figures_of(before, after)
                    before = after
                    self._show(self._figures)
                await asyncio.sleep(max(0.0, begun_s + interval_s - time.monotonic()))

    def close(self) -> None:
        """Give the terminal back."""
        self._screen.close()

    def _show(self, figures: Figures) -> None:
        if self._options.json:
            print(msgspec.json.encode(figures).decode(), flush=True)
        else:
            self._draw(figures, None)

    def _show_trouble(self, text: str, since_s: float) -> None:
        if self._options.json:
            said: dict[str, Any] = {"at": datetime.now(UTC), "error": text, "since_s": round(since_s, 3)}
            print(msgspec.json.encode(said).decode(), flush=True)
        elif self._figures is not None:
            self._draw(self._figures, Trouble(text, since_s))

    def _draw(self, figures: Figures, trouble: Trouble | None) -> None:
        options, look = self._options, self._screen.look
        footer = f"every {options.interval_s:g} s   Ctrl-C stops"
        self._screen.draw(
            lambda width, height: picture(
                figures, options.target.url, width, height, look, trouble=trouble, footer=footer
            ),
            lambda: line(figures, trouble),
            elapsed_s=time.monotonic() - self._begun_s,
        )


async def scrape(client: AdminClient, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Scrape:
    """Return what a gateway says of itself now. Raises AdminError."""
    url = client.target.url
    page = await client.ask("GET", "/metrics")
    monotonic_s, at = time.monotonic(), now()
    if page.status >= 500:
        raise AdminError(f"{url}: answers {page.status}: it is overloaded, or failing; its log says more")
    if page.status != 200:
        raise AdminError(f"{url}: is no admin port of a gateway: /metrics is answered {page.status}")
    try:
        samples = read_page(page.body.decode())
    except (PageError, UnicodeDecodeError) as error:
        reason = error if isinstance(error, PageError) else "it is not text"
        raise AdminError(f"{url}: is no admin port of a gateway: its /metrics is not: {reason}") from None
    ready = (await client.ask("GET", "/readyz")).json()
    reasons = ready.get("reasons") if isinstance(ready, dict) else None
    if not isinstance(reasons, list):
        raise AdminError(f"{url}: is no admin port of a gateway: /readyz gives no reasons")
    return Scrape(
        at=at,
        monotonic_s=monotonic_s,
        samples=samples,
        reasons=tuple(map(str, reasons)),
        troubles=await _troubles(client),
    )


async def _troubles(client: AdminClient) -> tuple[SiteTrouble, ...] | None:
    """Return the sites that need somebody. Raises AdminError.

    None if the gateway has no API of sites, or tells nobody without a token.
    """
    answer = await client.ask("GET", "/api/v1/sites")
    if answer.status == 404 or (answer.status in {401, 403} and client.target.token is None):
        return None
    if answer.status != 200:
        raise AdminError(client.refusal(answer))
    sites = answer.json()["sites"]
    return tuple(
        SiteTrouble(site["site"], site["links_with_deficit"], site["fault"])
        for site in sites
        if site["links_with_deficit"] or site["fault"] is not None
    )
