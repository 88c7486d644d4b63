"""A client of a gateway's admin port, for the commands that look at a running gateway or tell it something."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from msgspec import Struct

from gateway.app.config_sources import load_config
from gateway.app.side_files import read_bearer_token
from gateway.io.http_commands import KEY_HEADER

URL_DEFAULT: Final = "http://127.0.0.1:8080"

CONNECT_S: Final = 5.0
"""How long a connection may take to be made."""

QUICK_S: Final = 10.0
"""How long an answer may take that waits for no station."""

COMMAND_S: Final = 330.0
"""How long an answer may take that waits for a station: the longest `commands.timeout_max_s` by default is 300 s."""

ANSWER_BYTES_MAX: Final = 32 * 1024 * 1024
"""Largest answer that is read: a metrics page has 0.2 MB, a page of 1,000 stations 0.5 MB."""

ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - nobody listens there
"""Where to reach a gateway on this machine that listens on all addresses."""


class AdminError(Exception):
    """The gateway cannot be asked, or said no: one line for each reason. `body` is the answer, where there is one."""

    def __init__(self, text: str, body: bytes | None = None) -> None:
        super().__init__(text)
        self.body = body


class AdminTarget(Struct, frozen=True, kw_only=True):
    """Where the admin port is, without a slash at the end, and the bearer token of its API if there is one."""

    url: str
    token: str | None = None


class AdminAnswer(Struct, frozen=True):
    """What the admin port answered."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON. Raises AdminError if it is none."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            raise AdminError("the answer is not JSON: is this the admin port of a gateway?") from None


def admin_target(url: str | None, config_file: Path | None, token_file: Path | None) -> AdminTarget:
    """Return what the options say; the URL and the token file are else those of the configuration.

    Raises ConfigError, or AdminError for a URL that can be none.
    """
    if url is None or (token_file is None and config_file is not None):
        admin = load_config(config_file, environment=os.environ).config.admin
        token_file = token_file or admin.token_file
        if url is None:
            if admin.port == 0:
                raise AdminError("the configuration leaves admin.port to the system: say --url http://HOST:PORT")
            host = ANYWHERE.get(admin.host, admin.host)
            url = f"http://{f'[{host}]' if ':' in host else host}:{admin.port}"
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_url = False
    if not is_url:
        raise AdminError(f"{url}: must be the URL of an admin port, such as {URL_DEFAULT}")
    return AdminTarget(url=url.rstrip("/"), token=None if token_file is None else read_bearer_token(token_file))


class AdminClient:
    """Asks one gateway. Every method raises AdminError, which says what to do about it."""

    def __init__(self, target: AdminTarget, session: aiohttp.ClientSession) -> None:
        self.target: Final = target
        self._session = session

    async def ask(
        self,
        method: str,
        path: str,
        *,
        payload: bytes | None = None,
        key: str | None = None,
        timeout_s: float = QUICK_S,
    ) -> AdminAnswer:
        """Return whatever is answered, but for what is no answer of a gateway. `path` is percent-encoded."""
        url = self.target.url
        headers = {} if self.target.token is None else {"Authorization": f"Bearer {self.target.token}"}
        headers |= {} if key is None else {KEY_HEADER: key}
        headers |= {} if payload is None else {"Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_S)
        try:
            async with self._session.request(
                method,
                url + path,
                data=payload,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                body = await answer.content.read(ANSWER_BYTES_MAX + 1)
                while not answer.content.at_eof() and len(body) <= ANSWER_BYTES_MAX:
                    body += await answer.content.read(ANSWER_BYTES_MAX + 1 - len(body))
                status = answer.status
        except aiohttp.ClientConnectorError as error:
            raise AdminError(f"{url}: {_reason(error)}; does the gateway run, and is this its admin port?") from None
        except aiohttp.ConnectionTimeoutError:
            raise AdminError(f"{url}: no connection within {CONNECT_S:g} s; is the host right?") from None
        except TimeoutError:
            raise AdminError(f"{url}: no answer within {timeout_s:g} s{_doubt(method)}") from None
        except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, ValueError):
            raise AdminError(f"{url}: does not speak HTTP; --url must be the admin port of a gateway") from None
        except (aiohttp.ClientError, OSError):
            raise AdminError(f"{url}: the connection was closed without an answer{_doubt(method)}") from None
        if len(body) > ANSWER_BYTES_MAX:
            raise AdminError(f"{url}: the answer is larger than {ANSWER_BYTES_MAX} bytes; this is no gateway")
        return AdminAnswer(status, body)

    async def call(
        self,
        method: str,
        path: str,
        *,
        payload: bytes | None = None,
        key: str | None = None,
        timeout_s: float = QUICK_S,
    ) -> Any:
        """Return the JSON of an answer that is no refusal; a refusal is raised, in the words of the problem."""
        answer = await self.ask(method, path, payload=payload, key=key, timeout_s=timeout_s)
        if answer.status == 200:
            return answer.json()
        raise AdminError(self.refusal(answer), answer.body)

    def refusal(self, answer: AdminAnswer) -> str:
        """Return in words why something was refused: a line, and one for each problem that the answer lists."""
        if answer.status == 401:
            if self.target.token is not None:
                return f"{self.target.url}: this is not the gateway's token (its admin.token_file)"
            return f"{self.target.url}: needs a token: say --token-file FILE, or --config with the gateway's own file"
        try:
            problem = msgspec.json.decode(answer.body, type=dict[str, Any])
        except (msgspec.DecodeError, msgspec.ValidationError):
            problem = {}
        if "title" not in problem:
            return f"{self.target.url}: HTTP {answer.status}; --url must be the admin port of a gateway"
        return "\n".join(_told(problem))


def _told(problem: Mapping[str, Any]) -> list[str]:
    """Return a problem document (RFC 9457) as lines; what a station said comes last."""
    words = [str(problem["title"])]
    for name in ("path", "detail", "error_code", "error_description"):
        if problem.get(name) and not (name == "path" and str(problem.get("detail")).startswith(str(problem["path"]))):
            words.append(str(problem[name]))
    if "response" in problem:
        words.append(msgspec.json.encode(problem["response"]).decode())
    if problem.get("sent") is True and problem.get("outcome") in {"timeout", "unknown"}:
        words.append("it was sent, and may have taken effect")
    return [_printable(text) for text in (": ".join(words), *map(str, problem.get("problems", ())))]


@asynccontextmanager
async def admin_client(target: AdminTarget) -> AsyncIterator[AdminClient]:
    """Ask a gateway through one connection."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=4)) as session:
        yield AdminClient(target, session)


def quoted(name: str) -> str:
    """Return a name as a part of a path."""
    return quote(name, safe="")


def _reason(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"no TLS: {_printable(str(error.os_error or error))}"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "there is no such host"
    return (os.strerror(error.os_error.errno) if error.os_error.errno else str(error.os_error)).lower()


def _doubt(method: str) -> str:
    return "" if method == "GET" else "; it may have taken effect"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
