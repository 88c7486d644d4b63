"""The file of id tokens: TOML, one `[[token]]` table a token.

    [[token]]
    id = "04A2B3C4D5E680"
    status = "Accepted"                  # or Blocked, Invalid, ...; see `core.authorisation`
    type = "ISO14443"
    expires_at = 2027-01-01T00:00:00Z
    group = "FLEET-7"

Only `id` is required. Ids are unique whatever the case, as id tokens are case-insensitive (OCPP 2.0.1 Part 2).
"""

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from gateway.app.config_sources import ConfigError
from gateway.app.config_types import expected
from gateway.app.side_files import read_text
from gateway.core.authorisation import ID_CHARACTERS_MAX as ID_TOKEN_CHARACTERS_MAX
from gateway.core.authorisation import Token

ID_CHARACTERS_MAX = max(ID_TOKEN_CHARACTERS_MAX.values())
"""Longest id of a token of any version."""

TOKEN_TYPES = (
    "Central",
    "DirectPayment",
    "eMAID",
    "EVCCID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
    "VIN",
)
"""IdTokenEnumType of OCPP 2.0.1, and what the appendix of 2.1 adds."""

PROBLEMS_MAX = 20
"""Problems reported at once; a file with more is wrong from the ground up."""


def read_tokens(file: Path) -> dict[str, Token]:
    """Return the tokens in `file` by their ids in lower case. Raises ConfigError, which names file and table."""
    text = read_text(file)
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also for an integer of thousands of digits
        raise ConfigError([f"{file}: is not TOML: {error}"]) from None
    problems = [f"{file}: $.{name}: unknown key; known here: token" for name in tables if name != "token"]
    rows = tables.get("token", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError([*problems, f"{file}: $.token: must be tables [[token]]"])
    tokens: dict[str, Token] = {}
    for index, row in enumerate(rows):
        wrong = list(_problems(row))
        if not wrong and row["id"].lower() in tokens:
            wrong = [f'.id: "{row["id"]}" stands twice; ids differ in more than upper and lower case']
        if wrong:
            problems.extend(f"{file}: $.token[{index}]{text}" for text in wrong)
        else:
            tokens[row["id"].lower()] = msgspec.convert(row, Token)
        if len(problems) >= PROBLEMS_MAX:
            break
    if problems:
        raise ConfigError(problems)
    return tokens


def _problems(row: dict[str, Any]) -> Iterator[str]:
    declared = {field.name: field.type for field in msgspec.structs.fields(Token)}
    for name, value in row.items():
        if name not in declared:
            nearest = difflib.get_close_matches(name, declared, n=1)
            yield f".{name}: unknown key; " + (
                f'did you mean "{nearest[0]}"?' if nearest else "known here: " + ", ".join(declared)
            )
            continue
        try:
            msgspec.convert(value, declared[name])
        except msgspec.ValidationError:
            yield f".{name}: must be {expected(inspect.type_info(declared[name]))}"
    if "id" not in row:
        yield ".id: is missing"
    elif isinstance(row["id"], str) and not 1 <= len(row["id"]) <= ID_CHARACTERS_MAX:
        yield f".id: must have 1 to {ID_CHARACTERS_MAX} characters"
    if isinstance(row.get("type"), str) and row["type"] not in TOKEN_TYPES:
        yield f".type: must be one of {', '.join(TOKEN_TYPES)}"
    if getattr(row.get("expires_at"), "tzinfo", True) is None:
        yield ".expires_at: must be a time with its offset, such as 2027-01-01T00:00:00Z"
