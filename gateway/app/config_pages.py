"""Prints the configuration: the effective one as TOML, and the reference of every key as Markdown."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from inspect import cleandoc
from pathlib import Path

import msgspec
from msgspec import Struct, inspect

from gateway.app.config import Config
from gateway.app.config_sources import ENVIRONMENT_PREFIX, Configuration, Key
from gateway.app.config_types import array_member, description, expected, is_secret
from gateway.io.timescale.dsn import parse_dsn

_UNITS = {"s": "s", "hours": "hours", "days": "days", "bytes": "bytes", "a": "A", "kw": "kW", "v": "V"}
"""The words of keys that name a unit, and the unit; `closes_per_s` is a rate per that unit."""


def effective_page(configuration: Configuration) -> str:
    """Return the effective configuration as TOML; a comment names where a key was set.

    It loads to the same, but for passwords, which are not shown.
    """
    lines = []
    for section in msgspec.structs.fields(Config):
        lines += ["", f"[{section.name}]"]
        lines += _section_lines((section.name,), getattr(configuration.config, section.name), configuration.sources)
    return "\n".join(lines[1:]) + "\n"


def _section_lines(key: Key, section: Struct, sources: Mapping[Key, str]) -> Iterator[str]:
    tables: list[str] = []
    for name in section.__struct_fields__:
        value = getattr(section, name)
        source = sources.get((*key, name))
        if isinstance(value, tuple) and not all(isinstance(member, str) for member in value):
            for member in value:
                tables += ["", f"[[{'.'.join((*key, name))}]]{_comment(source)}", *_section_lines(key, member, {})]
        elif value is None or value == ():
            yield f"# {name} is not set"
        elif is_secret(section.__annotations__[name]):
            yield f"{name} = {_toml(parse_dsn(value).redacted)}{_comment(source)}"
        else:
            yield f"{name} = {_toml(value)}{_comment(source)}"
    yield from tables


def _comment(source: str | None) -> str:
    return "" if source is None else f"  # {source}"


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case int() | float():
            return str(value)
        case datetime():
            return value.isoformat()
        case Path():
            return _toml(str(value.absolute()))
        case str():
            # A JSON string is a TOML basic string, but for DEL.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"no TOML for {value!r}")


def reference_page() -> str:
    """Return the reference of every key as Markdown: type, default, unit and meaning."""
    lines = [
        "# Configuration reference",
        "",
        "Sources, the later the stronger: defaults, the TOML file given with `--config`, the environment, the options",
        f"of the command line. In the environment, `{ENVIRONMENT_PREFIX}LISTENER__PORT=9001` sets `listener.port`.",
        "Relative paths in the file start at the file's directory, others at the working directory. Unknown keys are",
        "errors.",
    ]
    for section in msgspec.structs.fields(Config):
        lines += ["", f"## [{section.name}]", "", cleandoc(section.type.__doc__ or ""), "", *key_rows(section.type)]
        for field in msgspec.structs.fields(section.type):
            if (member := array_member(field.type)) is not None:
                lines += ["", f"### [[{section.name}.{field.name}]]", "", cleandoc(member.__doc__ or ""), ""]
                lines += key_rows(member)
    return "\n".join(lines) + "\n"


def key_rows(section: type[Struct]) -> Iterator[str]:
    """Yield the lines of a table of the keys of `section`, but for its tables that are no arrays."""
    yield "| key | type | default | unit | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for field in msgspec.structs.fields(section):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            continue
        cells = (
            f"`{field.name}`",
            expected(inspect.type_info(field.type)),
            _default(field),
            _unit(field.name),
            description(field.type),
        )
        yield f"| {' | '.join(cells)} |"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default in (None, ()):
        return "none"
    return f"`{field.default}`" if isinstance(field.default, Path) else f"`{_toml(field.default)}`"


def _unit(name: str) -> str:
    words = name.split("_")
    unit = next((_UNITS[word] for word in words if word in _UNITS), "")
    return f"1/{unit}" if "per" in words else unit
