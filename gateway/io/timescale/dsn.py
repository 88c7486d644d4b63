"""Where the database is: a PostgreSQL connection URI, whose password is never shown.

The form is libpq's (PostgreSQL 17 documentation, section 34.1.1.2), the parameters are those that asyncpg knows.
"""

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from msgspec import Struct

DSN_BYTES_MAX: Final = 4096
"""Longest DSN; a dozen hosts and every parameter take a quarter of it."""

DEFAULT_PORT: Final = 5432

HIDDEN: Final = "***"
"""What is shown of a password."""

PASSWORDS: Final = ("password", "sslpassword")
"""Parameters that are secrets."""

_PLACE: Final = ("host", "port", "dbname", "user")

FILE_PARAMETERS: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
"""Parameters that name a file."""

PARAMETERS: Final = frozenset(
    {
        *_PLACE,
        *PASSWORDS,
        *("sslmode", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version"),
        *("target_session_attrs", "application_name", "krbsrvname", "gsslib"),
        *FILE_PARAMETERS,
    }
)
"""What may stand behind `?`. asyncpg sends any other to the server as a setting, which then refuses us."""

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

SESSION_ATTRIBUTES: Final = ("read-write", "primary", "any")
"""Hosts that will do; the others of libpq are of replicas, to which nothing can be written."""

_HOST: Final = re.compile(r"\[[0-9A-Fa-f:.%]+\]|[^\[\]:@?#\s]+")


class DsnError(ValueError):
    """The DSN cannot be used; one line, which repeats no part of it that could be a password."""


class Address(Struct, frozen=True):
    """One host: a name, an IP address, or the directory of a Unix socket."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe="")
        return host if self.port == DEFAULT_PORT else f"{host}:{self.port}"


class ParsedDsn(Struct, frozen=True, kw_only=True):
    """What a DSN says. No `addresses` means the local socket.

    `has_password`: there is one before the `@`. `parameters` are those behind `?`, but for where and who.
    """

    text: str
    user: str
    database: str
    has_password: bool
    addresses: tuple[Address, ...]
    parameters: dict[str, str]

    @property
    def shown(self) -> str:
        """Where the database is, without the password and what else is none of the reader's business."""
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        return f"postgresql://{user}{','.join(map(str, self.addresses))}/{quote(self.database, safe='')}"

    @property
    def redacted(self) -> str:
        """The whole DSN, but for passwords, of which it shows only that they are there."""
        parameters = {name: HIDDEN if name in PASSWORDS else value for name, value in self.parameters.items()}
        shown = self.shown.replace("@", f":{HIDDEN}@", 1) if self.has_password else self.shown
        return f"{shown}?{urlencode(parameters, safe='/*')}" if parameters else shown

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of `asyncpg.connect`, for all hosts together."""
        attributes = self.parameters.get("target_session_attrs", SESSION_ATTRIBUTES[0])
        return {"dsn": self.text, "target_session_attrs": attributes}


class Dsn:
    """A DSN, given as text or by the file that holds it; the file is read anew each time, as passwords change."""

    def __init__(self, text: str | None = None, *, file: Path | None = None) -> None:
        assert (text is None) != (file is None)
        self._text = text
        self._file = file

    @property
    def shown(self) -> str:
        """Where the database is, for people; for a file that cannot be read now, its name."""
        try:
            return self.parse().shown
        except DsnError:
            return f"the database of {self._file}"

    def parse(self) -> ParsedDsn:
        """Return what the DSN says now. Raises DsnError."""
        if self._file is None:
            assert self._text is not None
            return parse_dsn(self._text)
        try:
            return parse_dsn(_read(self._file))
        except DsnError as error:
            raise DsnError(f"{self._file}: {error}") from None


def parse_dsn(text: str) -> ParsedDsn:
    """Take a DSN apart. Raises DsnError."""
    if not text.startswith(("postgresql:", "postgres:")):
        raise DsnError("must begin with postgresql:// or postgres://")
    _check_characters(text)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise DsnError("is no postgresql:// URI: its [brackets] do not fit; among hosts: ?host=a,[::1]") from None
    if not text.partition(":")[2].startswith("//"):
        raise DsnError("must have // behind its scheme")
    login, _, hosts = parts.netloc.rpartition("@")
    if "@" in login:
        raise DsnError("has more than one @ before the host; one in a password is written %40")
    if "@" in parts.path + parts.query or parts.fragment:
        raise DsnError("has an @ behind the host, or a #; in a password / ? # @ are written %2F %3F %23 %40")
    parameters = _parameters(parts.query)
    addresses = _addresses(hosts or parameters.get("host", ""), parameters.get("port", ""))
    user, _, password = login.partition(":")
    database = parts.path.removeprefix("/")
    if "/" in database:
        raise DsnError("has more than one / behind the host; one in the name of a database is written %2F")
    return ParsedDsn(
        text=text,
        user=unquote(user) or parameters.get("user", ""),
        database=unquote(database) or parameters.get("dbname", ""),
        has_password=bool(password),
        addresses=addresses,
        parameters={name: value for name, value in parameters.items() if name not in _PLACE},
    )


def _check_characters(text: str) -> None:
    if len(text.encode(errors="replace")) > DSN_BYTES_MAX:
        raise DsnError(f"is longer than {DSN_BYTES_MAX} bytes")
    if not text.isprintable() or " " in text:
        raise DsnError("has spaces or control characters in it; a space is written %20")


def _parameters(query: str) -> dict[str, str]:
    try:
        parameters = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise DsnError("must have name=value behind its ?, with & between several") from None
    for name in parameters:
        if name not in PARAMETERS:
            raise DsnError(f'has the unknown parameter "{name}"; known are {", ".join(sorted(PARAMETERS))}')
    for name, known in (("sslmode", SSL_MODES), ("target_session_attrs", SESSION_ATTRIBUTES)):
        if name in parameters and parameters[name] not in known:
            raise DsnError(f"has a wrong {name}; it must be one of {', '.join(known)}")
    return parameters


def _addresses(hosts: str, ports: str) -> tuple[Address, ...]:
    """Return the addresses of `a,b:5433,[::1]`; those without a port of their own take it from `ports`."""
    if not hosts:
        return ()
    named = hosts.split(",")
    given = ports.split(",")
    if len(given) not in {1, len(named)}:
        raise DsnError(f"names {len(named)} hosts and {len(given)} ports")
    given *= len(named) if len(given) == 1 else 1
    return tuple(_address(host, port) for host, port in zip(named, given, strict=True))


def _address(text: str, port: str) -> Address:
    found = _HOST.match(text)
    if found is None:
        raise DsnError("has an empty host, or one that cannot be")
    host, rest = found[0], text[found.end() :]
    if rest and not rest.startswith(":"):
        raise DsnError("has an empty host, or one that cannot be")
    number = rest[1:] or port or str(DEFAULT_PORT)
    if not number.isdecimal() or not number.isascii() or not 0 < int(number) < 65536:
        raise DsnError("has a port that is no number from 1 to 65535; a : in a password is written %3A")
    name = unquote(host.strip("[]"))
    try:
        if not name.startswith("/"):
            name.encode("idna")  # as the resolver will
    except UnicodeError:
        raise DsnError("has an empty host, or one that cannot be") from None
    return Address(name, int(number))


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(DSN_BYTES_MAX + 1)
        return content.decode("utf-8-sig").strip()
    except OSError as error:
        raise DsnError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DsnError("is not UTF-8") from None
