"""The oracle for payloads: the JSON schemas of the `ocpp` package, dates checked by RFC 3339."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import FormatChecker
from jsonschema.validators import validator_for

FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}


@cache
def validator(version: str, action: str, *, answer: bool):
    suffix = "Response" if answer else ("" if version == "ocpp1.6" else "Request")
    if action == "NotifyPeriodicEventStream":
        suffix = ""  # it is never answered, so its schema is not called a request
    path = files("ocpp") / FOLDERS[version] / "schemas" / f"{action}{suffix}.json"
    schema = json.loads(path.read_text(encoding="utf-8-sig"))
    return validator_for(schema)(schema, format_checker=FormatChecker(["date-time"]))


def errors(version: str, action: str, payload: dict[str, Any], *, answer: bool = False) -> list[str]:
    found = validator(version, action, answer=answer).iter_errors(payload)
    return [f"{version} {action} {error.json_path}: {error.message}" for error in found]
