"""Generates the payload types of each OCPP version from the JSON schemas in the `ocpp` package.

`python -m gateway.wire.codegen` rewrites the modules named in `SCHEMA_SETS`. This is a tool for developers: nothing
imports it at run time, and only it needs the `ocpp` package.

One object schema becomes one frozen msgspec Struct, one enumeration one `Literal` alias; schemas that say the same
under the same name become the same type. Names come from `javaType` or the definition's name, else from the property.
"""

import importlib.metadata
import importlib.resources
import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

Schema: TypeAlias = dict[str, Any]

LINE_CHARS_MAX = 120
CUSTOM_DATA_PROPERTIES = {"vendorId": {"type": "string", "maxLength": 255}}
"""The only open object in any version's schemas; `gateway.wire.schema_types.CustomData` is written to fit it."""

IMPORTS = {
    "typing": ("Annotated", "Any", "Literal", "TypeAlias"),
    "msgspec": ("UNSET", "Meta", "UnsetType", "field"),
    "gateway.wire.schema_types": ("CustomData", "Payload", "Tenths", "Timestamp", "require_tenths"),
}
"""What a generated module may need; it imports what it uses."""

ANNOTATIONS = {"type", "title", "description", "default", "javaType", "additionalProperties", "additionalItems"}
"""Keywords that say nothing about a value here: the last two stand beside types that they do not apply to, but for
`additionalProperties` of an object, which is looked at."""

KEYWORDS = {
    "array": {"items", "minItems", "maxItems"},
    "boolean": set(),
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "object": {"properties", "required"},
    "string": {"enum", "format", "maxLength"},
    None: set(),
}
"""The keywords of each JSON type that the generator turns into a rule. Any other is an error, not an omission."""

NAMES_16 = {
    "BootNotificationResponse.status": "RegistrationStatus",
    "ChangeAvailabilityRequest.type": "AvailabilityType",
    "ChangeAvailabilityResponse.status": "AvailabilityStatus",
    "ChangeConfigurationResponse.status": "ConfigurationStatus",
    "ClearChargingProfileResponse.status": "ClearChargingProfileStatus",
    "CancelReservationResponse.status": "CancelReservationStatus",
    "ClearCacheResponse.status": "ClearCacheStatus",
    "DataTransferResponse.status": "DataTransferStatus",
    "DiagnosticsStatusNotificationRequest.status": "DiagnosticsStatus",
    "FirmwareStatusNotificationRequest.status": "FirmwareStatus",
    "GetCompositeScheduleResponse.status": "GetCompositeScheduleStatus",
    "GetConfigurationResponse.configurationKey": "KeyValue",
    "IdTagInfo.status": "AuthorizationStatus",
    "RemoteStartTransactionResponse.status": "RemoteStartStopStatus",
    "RemoteStopTransactionResponse.status": "RemoteStartStopStatus",
    "ReserveNowResponse.status": "ReservationStatus",
    "ResetRequest.type": "ResetType",
    "ResetResponse.status": "ResetStatus",
    "SampledValue.context": "ReadingContext",
    "SampledValue.format": "ValueFormat",
    "SampledValue.unit": "UnitOfMeasure",
    "SendLocalListRequest.localAuthorizationList": "AuthorizationData",
    "SendLocalListResponse.status": "UpdateStatus",
    "SetChargingProfileRequest.csChargingProfiles": "ChargingProfile",
    "SetChargingProfileResponse.status": "ChargingProfileStatus",
    "StatusNotificationRequest.errorCode": "ChargePointErrorCode",
    "StatusNotificationRequest.status": "ChargePointStatus",
    "TransactionData.sampledValue": "TransactionSampledValue",
    "TransactionSampledValue.context": "ReadingContext",
    "TransactionSampledValue.format": "ValueFormat",
    "TransactionSampledValue.unit": "TransactionUnitOfMeasure",
    "TriggerMessageRequest.requestedMessage": "MessageTrigger",
    "TriggerMessageResponse.status": "TriggerMessageStatus",
    "UnlockConnectorResponse.status": "UnlockStatus",
}
"""OCPP 1.6 section 7's names for types that its schemas spell in place. The schemas know one unit more in MeterValues
than in StopTransaction (Hertz), so sampled values are two types there."""


class SchemaSet(NamedTuple):
    """The schemas of one OCPP version: `folder` of the `ocpp` package, and the `module` that they become."""

    version: str
    folder: str
    module: str
    names: Mapping[str, str]


SCHEMA_SETS = (
    SchemaSet("1.6", "v16", "ocpp16", NAMES_16),
    SchemaSet("2.0.1", "v201", "ocpp201", {}),
    SchemaSet("2.1", "v21", "ocpp21", {}),
)


class Message(NamedTuple):
    """One schema file: `action` and whether it is the `Request` or the `Response`."""

    action: str
    role: str
    schema: Schema


def generate(schema_set: SchemaSet) -> str:
    """Return the source of the module for `schema_set`. Raises ValueError for a schema that no rule here covers."""
    types = _Types(schema_set.names)
    roles: dict[str, set[str]] = {}
    for message in read_messages(schema_set.folder):
        docstring = f"The {message.action} {message.role.lower()} of OCPP {schema_set.version}."
        types.add_message(message.action + message.role, message.schema, docstring)
        roles.setdefault(message.action, set()).add(message.role)
    calls = [action for action, found in roles.items() if found == {"Request", "Response"}]
    sends = [action for action, found in roles.items() if found == {"Request"}]
    if len(calls) + len(sends) != len(roles):
        raise ValueError(f"a response without a request: {roles}")
    body = "\n".join(chain(types.source(), _tables(calls, sends)))
    return "\n".join(chain(_header(schema_set), _imports(body), [body]))


def read_messages(folder: str) -> Iterator[Message]:
    """Yield every message of one version, in the order of the actions' names, requests first."""
    schemas: Traversable = importlib.resources.files("ocpp") / folder / "schemas"
    found = []
    for file in schemas.iterdir():
        if not file.name.endswith(".json"):
            continue
        stem = file.name.removesuffix(".json")
        action = stem.removesuffix("Response").removesuffix("Request")
        role = "Response" if stem.endswith("Response") else "Request"
        found.append(Message(action, role, json.loads(file.read_text(encoding="utf-8-sig"))))
    return iter(sorted(found, key=lambda message: (message.action, message.role)))


def snake_case(name: str) -> str:
    """Return the attribute name for a wire name: `signedMeterValue` becomes `signed_meter_value`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class _Types:
    """The named types of one version, each after those that it uses."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._bodies: dict[str, str] = {}
        self._string_lengths: set[int] = set()

    def add_message(self, name: str, schema: Schema, docstring: str) -> None:
        if schema["type"] != "object" or schema["additionalProperties"] is not False:
            raise ValueError(f"{name} is not a closed object")
        self._struct(name, schema, schema.get("definitions", {}), docstring)

    def source(self) -> Iterator[str]:
        for length in sorted(self._string_lengths):
            yield f"String{length}: TypeAlias = Annotated[str, Meta(max_length={length})]"
        after_alias = True
        for body in self._bodies.values():
            is_class = body.startswith("class ")
            yield "\n\n" + body if is_class else body if after_alias else "\n\n" + body
            after_alias = not is_class

    def _define(self, name: str, body: str) -> str:
        if self._bodies.setdefault(name, body) != body:
            raise ValueError(f"two types would be called {name}: give one of them another name in the table")
        return name

    def _expression(self, schema: Schema, definitions: Schema, owner: str, wire_name: str) -> str:
        """Return the type expression for one property of `owner`, defining what it needs on the way."""
        if "$ref" in schema:
            key = schema["$ref"].removeprefix("#/definitions/")
            schema = definitions[key]
            name = schema.get("javaType", key.removesuffix("Type"))
        else:
            name = self._names.get(f"{owner}.{wire_name}", wire_name[0].upper() + wire_name[1:])
        if schema.keys() - ANNOTATIONS == {"multipleOf"} and schema["multipleOf"] == 0.1:
            return "Tenths"
        if unknown := schema.keys() - ANNOTATIONS - KEYWORDS[schema.get("type")]:
            raise ValueError(f"no rule for {sorted(unknown)} of {owner}.{wire_name}")
        match schema:
            case {"enum": values}:
                return self._define(name, _literal(name, values))
            case {"type": "object", "additionalProperties": False}:
                return self._struct(name, schema, definitions, None)
            case {"type": "object", "properties": properties, "required": ["vendorId"]} if (
                properties == CUSTOM_DATA_PROPERTIES
            ):
                return "CustomData"
            case {"type": "array", "items": items}:
                item = self._expression(items, definitions, owner, wire_name)
                return _constrained(f"list[{item}]", schema, minItems="min_length", maxItems="max_length")
            case {"type": "string", "format": "date-time"}:
                return "Timestamp"
            case {"type": "string", "maxLength": length}:
                self._string_lengths.add(length)
                return f"String{length}"
            case {"type": "string"}:
                return "str"
            case {"type": "integer"}:
                return _constrained("int", schema, minimum="ge", maximum="le")
            case {"type": "number"}:
                return _constrained("float", schema, minimum="ge", maximum="le")
            case {"type": "boolean"}:
                return "bool"
            case _ if "type" not in schema:
                return "Any"
        raise ValueError(f"no rule for {owner}.{wire_name}: {schema}")

    def _struct(self, name: str, schema: Schema, definitions: Schema, docstring: str | None) -> str:
        lines = [f"class {name}(Payload, frozen=True, kw_only=True):"]
        if docstring:
            lines.append(f'    """{docstring}"""')
        properties = schema.get("properties", {})
        if docstring and properties:
            lines.append("")
        tenths = []
        for wire_name, child in properties.items():
            attribute = snake_case(wire_name)
            expression = self._expression(child, definitions, name, wire_name)
            if expression == "Tenths":
                tenths.append(attribute)
            lines.append(_field(attribute, wire_name, expression, wire_name in schema.get("required", ())))
        if tenths:
            arguments = ", ".join(f"{attribute}=self.{attribute}" for attribute in tenths)
            lines += ["", "    def __post_init__(self) -> None:", f"        require_tenths({arguments})"]
        return self._define(name, "\n".join(lines))


def _field(attribute: str, wire_name: str, expression: str, required: bool) -> str:
    first, *rest = attribute.split("_")
    renamed = first + "".join(part.capitalize() for part in rest) != wire_name
    annotation = f"    {attribute}: {expression}" if required else f"    {attribute}: {expression} | UnsetType"
    match required, renamed:
        case True, False:
            return annotation
        case True, True:
            return f'{annotation} = field(name="{wire_name}")'
        case False, True:
            return f'{annotation} = field(default=UNSET, name="{wire_name}")'
    return f"{annotation} = UNSET"


def _constrained(expression: str, schema: Schema, **keywords: str) -> str:
    """Return `expression` with the constraints of `schema`; `keywords` maps JSON Schema's names to msgspec's."""
    constraints = []
    for keyword, argument in keywords.items():
        if keyword in schema:
            bound = schema[keyword]
            constraints.append(f"{argument}={int(bound) if bound == int(bound) else bound}")
    return f"Annotated[{expression}, Meta({', '.join(constraints)})]" if constraints else expression


def _literal(name: str, values: list[str]) -> str:
    quoted = [json.dumps(value) for value in values]
    line = f"{name}: TypeAlias = Literal[{', '.join(quoted)}]"
    if len(line) <= LINE_CHARS_MAX:
        return line
    return "\n".join([f"{name}: TypeAlias = Literal[", *(f"    {value}," for value in quoted), "]"])


def _header(schema_set: SchemaSet) -> Iterator[str]:
    release = importlib.metadata.version("ocpp")
    yield f'"""The payload types of OCPP {schema_set.version}.'
    yield ""
    yield f"Generated from the schemas in {schema_set.folder} of the ocpp package {release}."
    yield "Do not edit: change gateway/wire/codegen.py and run `python -m gateway.wire.codegen`."
    yield '"""'
    yield ""


def _imports(body: str) -> Iterator[str]:
    words = set(re.findall(r"\w+", body))
    for module, names in IMPORTS.items():
        if used := [name for name in names if name in words]:
            yield f"from {module} import {', '.join(used)}"
            yield ""


def _tables(calls: list[str], sends: list[str]) -> Iterator[str]:
    yield "\n\nCALLS: dict[str, tuple[type[Payload], type[Payload]]] = {"
    for action in calls:
        yield f'    "{action}": ({action}Request, {action}Response),'
    yield "}"
    yield '"""The request and the response type of every action."""'
    if sends:
        yield "\nSENDS: dict[str, type[Payload]] = {"
        for action in sends:
            yield f'    "{action}": {action}Request,'
        yield "}"
        yield '"""The type of every message that is never answered."""'
    yield ""


def main() -> int:
    """Rewrite the generated modules beside this one. Returns the exit status."""
    try:
        importlib.metadata.version("ocpp")
    except importlib.metadata.PackageNotFoundError:
        sys.stderr.write("gateway.wire.codegen needs the ocpp package: pip install 'ocpp>=2,<3'\n")
        return 1
    for schema_set in SCHEMA_SETS:
        Path(__file__).with_name(f"{schema_set.module}.py").write_text(generate(schema_set), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
