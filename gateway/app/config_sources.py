"""Fills the configuration: defaults, below a TOML file, below the environment, below the command line's options.

Every wrong setting of every source is reported at once, each with its source, its path and what would be right.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct, inspect

from gateway.app.config import Config
from gateway.app.config_rules import broken_rules
from gateway.app.config_types import array_member, expected, is_secret, shown, shown_key
from gateway.app.toml_tables import TableReader, are_tables

ENVIRONMENT_PREFIX = "OCPP_GATEWAY__"
"""`OCPP_GATEWAY__LISTENER__PORT` sets `listener.port`."""

CONFIG_FILE_BYTES_MAX = 1024 * 1024
"""A configuration is a page or two; what is larger is another file, given by mistake."""

Key: TypeAlias = tuple[str, ...]


class ConfigError(ValueError):
    """The configuration cannot be used. `problems` has one line for each thing that is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class UnavailableError(ConfigError):
    """What the configuration names cannot be had, but maybe later: an address in use, a full disk."""


class Configuration(Struct, frozen=True):
    """A valid configuration, and where each key that is not at its default was set."""

    config: Config
    sources: Mapping[Key, str]


class _Problem(Struct, frozen=True):
    """A setting that cannot be taken, and what would be right."""

    source: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.source}: {self.path}: {self.text}"


class _Setting(Struct, frozen=True):
    """A value of one key, converted, and the name of its source."""

    value: object
    source: str


def load_config(
    file: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    options: Mapping[str, tuple[str, object]] | None = None,
) -> Configuration:
    """Read the configuration from its sources, the later the stronger. Raises ConfigError.

    `options` maps an option's name on the command line to its key and its value: `{"--port": ("listener.port", 9001)}`.
    Relative paths in the file start at the file's directory, others at the working directory.
    """
    settings: dict[Key, _Setting] = {}
    problems: list[_Problem] = []
    if file is not None:
        _Reader(str(file), file.parent, strict=True, settings=settings, problems=problems).read(Config, _parse(file))
    for name, value in sorted((environment or {}).items()):
        if name.startswith(ENVIRONMENT_PREFIX):
            path = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
            _Reader(name, Path(), strict=False, settings=settings, problems=problems).read(Config, _nest(path, value))
    for name, (dotted, option) in (options or {}).items():
        reader = _Reader(name, Path(), strict=False, settings=settings, problems=problems)
        reader.read(Config, _nest(dotted.split("."), option))
    config = _build(Config, (), settings)
    sources = {key: setting.source for key, setting in settings.items()}
    unset = "configuration" if file is None else str(file)
    wrong = {problem.path for problem in problems}
    for rule in broken_rules(config, sources):
        if _path(rule.key) not in wrong:
            problems.append(_Problem(sources.get(rule.key, unset), _path(rule.key), rule.text))
    if problems:
        raise ConfigError([str(problem) for problem in problems])
    return Configuration(config, sources)


def _parse(file: Path) -> dict[str, Any]:
    """Return the tables of a TOML file. Raises ConfigError, which names the file and the line."""
    try:
        with file.open("rb") as stream:
            content = stream.read(CONFIG_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from None
    if len(content) > CONFIG_FILE_BYTES_MAX:
        raise ConfigError([f"{file}: is larger than {CONFIG_FILE_BYTES_MAX} bytes, so it is no configuration"])
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{file}: line {line}: is not UTF-8, so it is not TOML"]) from None
    except (ValueError, RecursionError) as error:  # ValueError also for an integer of thousands of digits
        raise ConfigError([f"{file}: is not TOML: {error}"]) from None


def _nest(path: Sequence[str], value: object) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def _build(section: type[Struct], key: Key, settings: Mapping[Key, _Setting]) -> Any:
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(section):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            values[field.name] = _build(field.type, (*key, field.name), settings)
        elif (setting := settings.get((*key, field.name))) is not None:
            values[field.name] = setting.value
    return section(**values)


class _Reader:
    """Takes the settings out of one source. What it cannot take becomes a problem, and it goes on."""

    def __init__(
        self, source: str, directory: Path, *, strict: bool, settings: dict[Key, _Setting], problems: list[_Problem]
    ) -> None:
        self._source = source
        self._directory = directory
        self._strict = strict
        self._settings = settings
        self._problems = problems

    def read(self, section: type[Struct], table: Mapping[str, Any], key: Key = ()) -> None:
        """Take every key of `table`, the table of `section` at `key`."""
        for name, value, declared in self._known(section, table, _path(key)):
            if isinstance(declared, type) and issubclass(declared, Struct):
                if isinstance(value, dict):
                    self.read(declared, value, (*key, name))
                else:
                    self._refuse(_path((*key, name)), f"is {shown(value)}, must be a table [{'.'.join((*key, name))}]")
            elif (member := array_member(declared)) is not None:
                self._set((*key, name), self._read_array(member, value, _path((*key, name))))
            else:
                self._set((*key, name), self._convert(declared, value, _path((*key, name))))

    def _read_array(self, member: type[Struct], tables: object, path: str) -> object:
        if not are_tables(tables):
            self._refuse(path, f"must be tables [[{path.removeprefix('$.')}]] of the configuration file")
            return msgspec.UNSET
        reader = TableReader(self._path_of)
        rows = reader.rows(member, tables, path)
        for problem in reader.problems:
            self._refuse(*problem)
        return msgspec.UNSET if reader.problems else rows

    def _known(self, section: type[Struct], table: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any, Any]]:
        declared = {field.name: field.type for field in msgspec.structs.fields(section)}
        for name, value in table.items():
            if name in declared:
                yield name, value, declared[name]
            else:
                self._refuse(f"{path}.{shown_key(name)}", f"unknown key; {_suggestion(name, list(declared))}")

    def _convert(self, declared: Any, value: object, path: str) -> object:
        """Return `value` as the declared type, or UNSET if it is not of it."""
        try:
            if self._strict or not _is_time(declared):
                return msgspec.convert(value, declared, strict=self._strict, dec_hook=self._path_of)
            return msgspec.convert(value, declared)  # else "2020" would be seconds since 1970
        except msgspec.ValidationError:
            said = "" if is_secret(declared) else f"is {shown(value)}, "
            self._refuse(path, f"{said}must be {expected(inspect.type_info(declared))}")
            return msgspec.UNSET

    def _path_of(self, declared: type, value: object) -> Path:
        if not isinstance(value, str) or not value or "\0" in value or value.split("/")[0] == "~":
            raise ValueError("no path")
        return self._directory / value

    def _set(self, key: Key, value: object) -> None:
        if value is not msgspec.UNSET:
            self._settings[key] = _Setting(value, self._source)

    def _refuse(self, path: str, text: str) -> None:
        self._problems.append(_Problem(self._source, path, text))


def _is_time(declared: Any) -> bool:
    kind = inspect.type_info(declared)
    return isinstance(kind.type if isinstance(kind, inspect.Metadata) else kind, inspect.DateTimeType)


def _path(key: Key) -> str:
    return ".".join(("$", *key))


def _suggestion(name: str, known: Sequence[str]) -> str:
    if nearest := difflib.get_close_matches(name.lower(), known, n=1):
        return f'did you mean "{nearest[0]}"?'
    elsewhere = [
        f"{section.name}.{field.name}"
        for section in msgspec.structs.fields(Config)
        for field in msgspec.structs.fields(section.type)
        if field.name == name
    ]
    if elsewhere:
        return f'did you mean "{elsewhere[0]}"?'
    return "known here: " + ", ".join(known)
