import importlib.metadata
from pathlib import Path

import msgspec
import pytest

import gateway.wire
from gateway.wire import codegen, ocpp16, ocpp21, ocpp201
from gateway.wire.schema_types import Payload

MODULES = {"ocpp16": ocpp16, "ocpp201": ocpp201, "ocpp21": ocpp21}
OCPP21 = codegen.SchemaSet("2.1", "v21", "ocpp21", {})


def namespace_of(source):
    namespace = {"__name__": "generated"}
    exec(compile(source, "generated", "exec"), namespace)
    return namespace


def schema_of(properties, **keywords):
    return {"type": "object", "additionalProperties": False, "properties": properties, **keywords}


def generate_from(monkeypatch, *schemas):
    """Generate a version whose only messages are `schemas`, as the requests A, B, ..."""
    messages = [codegen.Message(action, "Request", schema) for action, schema in zip("ABC", schemas, strict=False)]
    monkeypatch.setattr(codegen, "read_messages", lambda folder: iter(messages))
    return codegen.generate(OCPP21)


@pytest.mark.parametrize("schema_set", codegen.SCHEMA_SETS, ids=lambda schema_set: schema_set.version)
def test_the_committed_module_is_what_the_generator_writes(schema_set):
    committed = Path(MODULES[schema_set.module].__file__).read_text(encoding="utf-8")
    release = importlib.metadata.version("ocpp")
    if f"of the ocpp package {release}." not in committed:
        pytest.skip(f"generated from another release of the ocpp package than {release}")
    assert codegen.generate(schema_set) == committed


def test_main_rewrites_exactly_the_generated_modules(monkeypatch, tmp_path):
    monkeypatch.setattr(codegen, "__file__", str(tmp_path / "codegen.py"))
    assert codegen.main() == 0
    assert {path.name for path in tmp_path.iterdir()} == {"ocpp16.py", "ocpp201.py", "ocpp21.py"}


def test_without_the_ocpp_package_main_says_so_in_one_line(monkeypatch, capsys):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert codegen.main() == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_each_version_has_its_messages():
    assert {name: len(module.CALLS) for name, module in MODULES.items()} == {"ocpp16": 39, "ocpp201": 64, "ocpp21": 90}
    assert {"NotifyPeriodicEventStream": ocpp21.NotifyPeriodicEventStreamRequest} == ocpp21.SENDS


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_every_generated_struct_is_frozen_closed_and_keyword_only(module):
    structs = [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, Payload)]
    assert len(structs) > 2 * len(module.CALLS)
    for struct in structs:
        config = struct.__struct_config__
        assert struct is Payload or (config.frozen and config.forbid_unknown_fields and not config.gc), struct
        assert not struct.__match_args__, struct


@pytest.mark.parametrize(
    ("wire_name", "attribute"),
    [
        ("id", "id"),
        ("idTag", "id_tag"),
        ("signedMeterValue", "signed_meter_value"),
        ("iso15118CertificateHashData", "iso15118_certificate_hash_data"),
        ("responderURL", "responder_url"),
        ("stateOfCharge", "state_of_charge"),
        ("fullSoC", "full_so_c"),
        ("limit_L2", "limit_l2"),
        ("numEPriceLevels", "num_e_price_levels"),
    ],
)
def test_an_attribute_is_the_wire_name_in_snake_case(wire_name, attribute):
    assert codegen.snake_case(wire_name) == attribute


def test_a_wire_name_that_camel_case_would_not_give_back_is_spelled_out(monkeypatch):
    source = generate_from(monkeypatch, schema_of({"someURL": {"type": "string"}}, required=["someURL"]))
    request = namespace_of(source)["ARequest"]
    assert msgspec.json.encode(request(some_url="x")) == b'{"someURL":"x"}'


def test_two_types_of_one_name_are_an_error_that_names_it(monkeypatch):
    first = schema_of({"status": {"type": "string", "enum": ["On"]}})
    other = schema_of({"status": {"type": "string", "enum": ["Off"]}})
    with pytest.raises(ValueError, match="Status"):
        generate_from(monkeypatch, first, other)


def test_the_same_type_in_two_messages_is_one_class(monkeypatch):
    part = schema_of({"part": schema_of({"x": {"type": "integer", "minimum": 1.0}})})
    source = generate_from(monkeypatch, part, part)
    assert source.count("class Part(") == 1
    assert "x: Annotated[int, Meta(ge=1)] | UnsetType = UNSET" in source


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^a"},
        {"type": "string", "minLength": 1},
        {"type": "integer", "exclusiveMinimum": 0},
        {"type": "number", "multipleOf": 0.5},
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "object", "properties": {"vendorId": {"type": "string"}}, "required": ["vendorId"]},
        {"type": "object"},
    ],
    ids=str,
)
def test_a_schema_that_no_rule_covers_is_an_error(monkeypatch, schema):
    with pytest.raises(ValueError, match=r"ARequest\.part"):
        generate_from(monkeypatch, schema_of({"part": schema}))


def test_an_open_message_is_an_error(monkeypatch):
    with pytest.raises(ValueError, match="ARequest"):
        generate_from(monkeypatch, schema_of({}) | {"additionalProperties": True})


def test_the_generated_modules_stand_beside_the_generator():
    assert {Path(module.__file__).parent for module in MODULES.values()} == {Path(gateway.wire.__file__).parent}
