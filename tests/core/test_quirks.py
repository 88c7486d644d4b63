"""The field's quirks: each row of the table by its examples, in whole sessions and against the schemas; by chance."""

import json
import re
import textwrap
from itertools import combinations
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from gateway.core import quirks
from gateway.core.calls import Call, Outcome
from gateway.core.protocols import PROTOCOLS
from gateway.core.quirks import BY_NAME, QUIRKS
from gateway.core.quirks import quirk as quirk_module
from gateway.core.quirks.frames import MESSAGE_ID_LONGEST
from gateway.core.quirks.policy import QuirkGroup, QuirkPolicy
from gateway.core.quirks.quirk import MODES, TRANSACTIONS
from gateway.core.quirks.second_look import CALL_BYTES_MAX, LOGGED_MAX, SecondLook
from gateway.core.quirks.walk import Walk
from gateway.core.quirks.words import fold
from gateway.core.records import RawMessage, Readings, TransactionEvent
from gateway.hot import EnvelopeError, split_envelope
from gateway.wire.versions import VERSIONS
from tests.core import said
from tests.core.station_bench import MESSAGES, OCPP16, OCPP21, OCPP201, Bench
from tests.wire import schema_oracle

EXAMPLES = [(quirk, example) for quirk in QUIRKS for example in quirk.examples]
IDS = [f"{quirk.name}-{example.version}-{number}" for number, (quirk, example) in enumerate(EXAMPLES)]
PAYLOADS = [(quirk, example) for quirk, example in EXAMPLES if quirk.mend is not None]
ALL_NAMES = frozenset(BY_NAME)


def bench_with(*groups, mode="on"):
    """A bench whose sessions look again at what they refuse."""
    bench = Bench()
    policy = QuirkPolicy(mode, groups)
    log = bench.services[OCPP16].log
    look = SecondLook(policy, counted=bench.tally.quirk, log=log)
    for service in bench.services.values():
        service.second_look = look
    return bench


def counted(bench, mode="on"):
    """How often each quirk was counted in a mode, without zeros."""
    labels = [(quirk.name, of_mode) for quirk in QUIRKS for of_mode in MODES]
    values = {label: bench.tally.quirks.value(index) for index, label in enumerate(labels)}
    return {name: value for (name, of_mode), value in values.items() if of_mode == mode and value}


def everything():
    return QuirkGroup(identity="*", enable=ALL_NAMES)


def oracle(version, action, direction):
    role = "request" if direction == "request" else "response"
    return schema_oracle.validator(MESSAGES[version, action, role].schema)


def types(version, action, direction):
    found = VERSIONS[version]
    if direction == "request":
        return found.from_station[action].request_type
    return found.to_station[action].response_type


def open_call(line, action):
    """Send a call of ours, which need not be valid here. Return its id and the list in which it ends."""
    ends = []
    call = Call(VERSIONS[line.version].to_station[action], b"{}", 1e9, ends.append)
    line.session.call(call)
    line.link.written.clear()
    return call.message_id, ends


# The table


def test_names_are_unique_and_fit_a_label():
    assert len(BY_NAME) == len(QUIRKS)
    assert all(re.fullmatch("[a-z][a-z0-9_]{2,39}", name) for name in BY_NAME)


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_each_row_says_what_where_and_why_and_has_one_mend_and_an_example(quirk):
    assert all((quirk.what, quirk.becomes, quirk.safe, quirk.examples))
    assert all(re.search(r"/[\w.-]+#\d+|\.java|\.go|section", source) for source in quirk.seen)
    assert quirk.seen
    assert [quirk.mend, quirk.mend_frame, quirk.mend_text].count(None) == 2
    assert bool(quirk.departures) == (quirk.mend is not None)
    assert {example.version for example in quirk.examples} <= quirk.versions


@pytest.mark.parametrize(("quirk", "example"), EXAMPLES, ids=IDS)
def test_an_example_becomes_what_its_row_says(quirk, example):
    if quirk.mend_text is not None:
        assert quirk.mend_text(example.before.encode()) == example.after.encode()
    elif quirk.mend_frame is not None:
        elements = [msgspec.json.encode(element) for element in json.loads(example.before)]
        mended = quirk.mend_frame(elements)
        assert [json.loads(element) for element in mended] == json.loads(example.after)
    else:
        walk = Walk([quirk], example.version, example.action, example.direction)
        expected = types(example.version, example.action, example.direction)
        right, value = walk.mend(json.loads(example.before), expected)
        assert value == json.loads(example.after)
        assert list(walk.applied) == [quirk.name]
        assert right


@pytest.mark.parametrize(("quirk", "example"), EXAMPLES, ids=IDS)
def test_no_example_is_valid_as_it_is_sent_unless_it_cannot_be_recorded(quirk, example):
    bench = Bench()
    line = bench.connect(example.version)
    if quirk.mend is None:
        with pytest.raises(EnvelopeError):
            split_envelope(example.before.encode())
        return
    found = VERSIONS[example.version]
    decode = (
        found.from_station[example.action].decode_request
        if example.direction == "request"
        else found.to_station[example.action].decode_response
    )
    try:
        decode(example.before.encode())
    except msgspec.MsgspecError:
        return
    line.ask(example.action, raw=example.before)
    assert isinstance(bench.records[0], RawMessage)


@pytest.mark.parametrize(("quirk", "example"), PAYLOADS, ids=[f"{q.name}-{n}" for n, (q, _) in enumerate(PAYLOADS)])
def test_what_an_example_becomes_is_valid_by_the_schema(quirk, example):
    validator = oracle(example.version, example.action, example.direction)
    assert schema_oracle.verdicts(validator, json.loads(example.after)) == set()


@pytest.mark.parametrize(("quirk", "example"), EXAMPLES, ids=IDS)
def test_a_whole_session_takes_each_example_and_counts_its_quirk(quirk, example):
    bench = bench_with(everything())
    line = bench.connect(example.version)
    if example.direction == "result":
        message_id, ends = open_call(line, example.action)
        text = example.before if quirk.mend is None else f'[3,"7",{example.before}]'
        line.send(text.replace('"7"', json.dumps(message_id)))
        (end,) = ends
        assert (end.outcome is Outcome.CALL_ERROR) == text.startswith("[4")
        if end.payload is not None:
            validator = oracle(example.version, example.action, "result")
            assert schema_oracle.verdicts(validator, json.loads(end.response)) == set()
        assert end.error_code in (None, "NotSupported", "InternalError")
    elif quirk.mend is None:
        line._asked[json.loads(example.after)[1]] = line._asked["7"] = example.action
        echoed = re.search(r'"([^"]*)"', example.before)[1]
        line._asked[echoed] = example.action
        line.send(example.before)
        bench.journal.commit_all()
        (answer,) = line.heard()
        assert answer[:2] == [3, echoed]
    else:
        line.ask(example.action, raw=example.before)
    assert counted(bench)[quirk.name] == 1
    if example.direction == "request":
        assert bench.counted(example.version, example.action)["answered"] >= 1
        assert "kept_raw" not in bench.counted(example.version, example.action)
    assert line.session.idle


@pytest.mark.parametrize(("quirk", "example"), EXAMPLES, ids=IDS)
def test_the_quirks_that_are_on_by_default_take_their_examples_alone(quirk, example):
    """An example needs no quirk that must be asked for, unless it is of such a one itself."""
    if not quirk.by_default or example.direction == "result":
        return
    bench = bench_with()
    line = bench.connect(example.version)
    if quirk.mend is None:
        line._asked[re.search(r'"([^"]*)"', example.before)[1]] = example.action
        line.send(example.before)
        bench.journal.commit_all()
        assert line.heard()[0][0] == 3
    else:
        line.ask(example.action, raw=example.before)
    assert counted(bench)[quirk.name] == 1


def test_a_quirk_is_added_in_ten_lines_as_the_docstring_has_it():
    """The row in the docstring of the package is a row: it mends what it says, and nothing else."""
    shown = re.search(r"^    Quirk\(.*?^    \)$", quirks.__doc__, re.DOTALL | re.MULTILINE)[0]
    assert len(shown.splitlines()) <= 10
    quirk = eval(textwrap.dedent(shown), vars(quirk_module))
    for phase, becomes in (("L1L2L3", None), ("L9", "L9"), ("L1", "L1")):
        walk = Walk([*QUIRKS, quirk], OCPP16, "MeterValues", "request")
        payload = said.meter_values_16({"value": "7", "phase": phase})
        _, value = walk.mend(payload, types(OCPP16, "MeterValues", "request"))
        assert value["meterValue"][0]["sampledValue"][0].get("phase") == becomes
        assert list(walk.applied) == ([quirk.name] if becomes is None else [])


# What is kept


@pytest.mark.parametrize(
    ("quirk", "example"),
    [(q, e) for q, e in EXAMPLES if e.direction == "request" and (e.action in TRANSACTIONS or q.loses)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_original_of_what_bills_or_lost_something_is_kept_to_the_byte(quirk, example):
    bench = bench_with(everything())
    line = bench.connect(example.version)
    if quirk.mend is None:
        line._asked["7"] = example.action
        line.send(example.before)
        bench.journal.commit_all()
        original = example.before[len(f'[2,"7","{example.action}",') : -1]
    else:
        line.ask(example.action, raw=example.before)
        original = example.before
    if not bench.records:  # Authorize leaves nothing on disk
        assert example.action == "Authorize"
        return
    evidence = [record for record in bench.records if isinstance(record, RawMessage)]
    assert [(record.rule, record.payload) for record in evidence] == [("quirk", original.encode())]
    assert quirk.name in evidence[0].error.split(", ")
    assert len(bench.records) > 1, "only the original is there, and nothing was read"


@pytest.mark.parametrize(("name", "is_kept"), [("Power", True), ("BasicAuthPassword", False)])
def test_the_original_of_a_report_is_not_kept_if_it_names_a_secret(name, is_kept):
    bench = bench_with()
    row = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": name},
        "variableAttribute": [{"value": "hunter2"}],
        "extra": 1,
    }
    report = {"requestId": 1, "generatedAt": said.at(), "seqNo": 0, "reportData": [row]}
    bench.connect(OCPP201).ask("NotifyReport", report)
    assert counted(bench) == {"extra_property": 1}
    assert (b"hunter2" in msgspec.msgpack.encode(bench.records)) == is_kept


def test_a_repeat_of_a_mended_start_gets_the_first_answer():
    bench = bench_with()
    line = bench.connect(OCPP16)
    payload = json.dumps(said.start_16(connectorId="1", reservationId=None))
    first = line.ask("StartTransaction", raw=payload)
    assert line.ask("StartTransaction", raw=payload) == first
    assert len(bench.journal.entries) == 1
    assert bench.counted(OCPP16, "StartTransaction") == {"answered": 1, "repeat": 1}


def test_what_was_kept_raw_before_quirks_were_on_gets_its_first_answer_after():
    bench = bench_with()
    line = bench.connect(OCPP16)
    look = line.session._service.second_look
    line.session._service.second_look = None
    values = json.dumps(said.meter_values_16()["meterValue"])
    broken = f'{{"connectorId":1,"transactionId":,"meterValue":{values}}}'
    payload = json.dumps(said.start_16(meterStart="0"))
    first = line.ask("StartTransaction", raw=payload)
    line.ask("MeterValues", raw=broken)
    line.session._service.second_look = look
    assert line.ask("StartTransaction", raw=payload) == first
    line.ask("MeterValues", raw=broken)
    assert len(bench.journal.entries) == 2
    assert bench.counted(OCPP16, "MeterValues") == {"kept_raw": 1, "repeat": 1}


def test_a_transaction_with_numbers_in_quotes_is_one_transaction():
    bench = bench_with()
    line = bench.connect(OCPP16)
    number = line.ask("StartTransaction", said.start_16(meterStart="1000"))["transactionId"]
    line.ask("MeterValues", said.meter_values_16({"value": 1500, "unit": "wh"}, transactionId=str(number)))
    line.ask("StopTransaction", said.stop_16(str(number), meterStop="2500", reason="Made up"))
    events = [record for record in bench.records if isinstance(record, TransactionEvent)]
    assert [(event.event, event.transaction, event.register_wh) for event in events] == [
        ("Started", str(number), 1000.0),
        ("Ended", str(number), 2500.0),
    ]
    assert line.station.running_transactions() == []
    values = [
        sample.value
        for record in bench.records
        if isinstance(record, Readings)
        for meter_value in record.meter_values
        for sample in meter_value.samples
    ]
    assert values == [1000.0, 1500.0, 2500.0]


# What is not done


METER_VALUE_IN_KWH = {"timestamp": said.at(), "unit": "kWh", "sampledValue": [{"value": "12"}]}

NOT_MENDED = [
    ("MeterValues", said.meter_values_16({"value": "1", "measurand": None})),
    ("MeterValues", said.meter_values_16({"value": "1", "measurand": ""})),
    ("MeterValues", said.meter_values_16({"value": "1", "unit": "MWh"})),
    ("MeterValues", said.meter_values_16({"value": "1", "phase": "L9"})),
    ("MeterValues", said.meter_values_16({"value": "1", "location": "Moon"})),
    ("MeterValues", said.meter_values_16({"value": "1", "multiplier": 3})),
    ("MeterValues", said.meter_values_16({"value": "1"}, {"value": "2", "unit": "MWh"})),
    ("MeterValues", said.meter_values_16({"value": "1"}, {"value": "2", "measurand": None})),
    ("MeterValues", said.meter_values_16({"value": "1"}, {"value": "2", "measurand": "Energy.Total"})),
    ("MeterValues", said.meter_values_16({"value": "1"}, {"value": "2", "measurand": "Import", "unit": "kWh"})),
    ("MeterValues", said.meter_values_16({"value": "1"}, None)),
    ("MeterValues", {**said.meter_values_16({"value": "12"}), "unit": "kWh"}),
    ("MeterValues", {"connectorId": 1, "meterValue": [METER_VALUE_IN_KWH]}),
    ("MeterValues", {**said.meter_values_16({"value": "12"}), "energyMultiplier": 3}),
    ("StartTransaction", said.start_16(meterUnit="kWh")),
    ("StopTransaction", said.stop_16(5, unit="kWh")),
    ("StopTransaction", said.stop_16(5, meterValues=[{"timestamp": said.at(), "sampledValue": [{"value": "1"}]}])),
    ("MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": "", "sampledValue": [{"value": "1"}]}]}),
    ("MeterValues", said.meter_values_16(transactionId="five")),
    ("StartTransaction", said.start_16(idTag="x" * 21)),
    ("StartTransaction", said.start_16(idTag=12)),
    ("StartTransaction", said.start_16(meterStart="1,5")),
    ("StartTransaction", said.start_16(meterStart=1.5)),
    ("StartTransaction", said.start_16(meterStart="1e3")),
    ("StartTransaction", said.start_16(timestamp="2026-03-01T12:00:00")),
    ("StartTransaction", said.start_16(meterStart=None)),
    ("StopTransaction", said.stop_16(5, meterStop="")),
]


@pytest.mark.parametrize(("action", "payload"), NOT_MENDED, ids=lambda value: json.dumps(value)[-60:])
def test_what_could_be_billed_wrongly_stays_raw_by_default(action, payload):
    bench = bench_with()
    bench.connect(OCPP16).ask(action, payload)
    (raw,) = bench.records
    assert json.loads(raw.payload) == payload
    assert raw.rule != "quirk"
    assert counted(bench) == {}


def test_a_unit_in_a_place_where_2x_has_none_is_not_thrown_away():
    """A 1.6 unit in a 2.x sample means that the number is not in Wh."""
    bench = bench_with()
    bench.connect(OCPP201).ask("MeterValues", said.meter_values_201({"value": 3, "unit": "kWh"}))
    (raw,) = bench.records
    assert isinstance(raw, RawMessage)


def test_a_property_in_another_case_never_takes_the_place_of_the_right_one():
    bench = bench_with()
    line = bench.connect(OCPP16)
    line.ask("StartTransaction", said.start_16(idTag="RIGHT", IDTAG="WRONG", METERSTART=9))
    (started,) = (record for record in bench.records if isinstance(record, TransactionEvent))
    assert (started.id_token, started.register_wh) == ("RIGHT", 1000.0)
    assert counted(bench) == {"extra_property": 1}


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("time_zone_missing", "2026-03-01T12:00:00+01"),
        ("time_unreadable", "2026-03-01T12:00:00+01"),
        ("time_unreadable", "2026-03-01T12:00:00"),
        ("time_notation", "2026-03-01T12:00:00"),
        ("time_notation", "2026-13-01T12:00Z"),
    ],
)
def test_a_quirk_of_times_leaves_what_another_one_knows(name, time):
    """So that a group without one of them gets no other instant from its neighbour."""
    walk = Walk([BY_NAME[name]], OCPP201, "StatusNotification", "request")
    payload = {**said.status_201(), "timestamp": time}
    right, _ = walk.mend(payload, types(OCPP201, "StatusNotification", "request"))
    assert not right


def test_a_control_character_behind_a_backslash_does_not_make_the_quote_part_of_the_text():
    assert BY_NAME["json_control_characters"].mend_text(b'["a\\\x00","b"]') is None


def test_a_comma_that_may_stand_between_thousands_stays_unreadable():
    bench = bench_with()
    bench.connect(OCPP16).ask("MeterValues", said.meter_values_16({"value": "1,234"}, {"value": "7"}))
    raw, readings = bench.records
    assert raw.rule == "value_unreadable"
    assert [sample.value for sample in readings.meter_values[0].samples] == [7.0]
    assert counted(bench) == {}


def test_words_of_an_enumeration_are_told_apart_by_more_than_case_and_punctuation():
    def literals(kind):
        match kind:
            case inspect.LiteralType(values=values):
                yield values
            case inspect.ListType(item_type=inner):
                yield from literals(inner)
            case inspect.StructType(fields=fields):
                for field in fields:
                    yield from literals(field.type)

    seen = set()
    for version in VERSIONS.values():
        for action in {**version.from_station, **version.to_station}.values():
            for kind in (action.request_type, action.response_type):
                seen.update(literals(inspect.type_info(kind)))
    assert len(seen) > 50
    for words in seen:
        for one, other in combinations(words, 2):
            assert fold(one) != fold(other)


@pytest.mark.parametrize(
    "text",
    [
        '[2,"7","StopTransaction",{"transactionId":5,"meterStop":1\x002,"timestamp":"2026-03-01T12:00:00Z"}]',
        '[2,"7","Authorize",{"idTag":"AB\x00CD"}]',
        '[2,"7","StopTransaction",{"transactionId":5,"meterStop":1 2,"timestamp":"2026-03-01T12:00:00Z"}]',
        '[2,"7","StopTransaction",{"transactionId":5,"meterStop":12',
        '[2,"7","StopTransaction",{"transactionId":5,"meterStop":,"timestamp":"2026-03-01T12:00:00Z"}]',
    ],
)
def test_a_text_whose_numbers_or_tokens_would_change_is_not_mended(text):
    bench = bench_with(everything())
    line = bench.connect(OCPP16)
    line._asked["7"] = "StopTransaction"
    line.send(text)
    bench.journal.commit_all()
    assert len(line.link.written) == 1
    assert not any(isinstance(record, TransactionEvent) for record in bench.records)
    assert bench.counted(OCPP16, "StopTransaction").get("answered") is None


def test_a_message_id_beyond_all_measure_is_not_echoed():
    line = bench_with().connect(OCPP16)
    line.send(json.dumps([2, "i" * (MESSAGE_ID_LONGEST + 1), "Heartbeat", {}]))
    assert line.link.written == []


def test_a_large_call_is_not_looked_at_but_a_large_answer_is():
    bench = bench_with()
    line = bench.connect(OCPP16)
    samples = [{"value": 1}] * 3000
    line.ask("MeterValues", said.meter_values_16(*samples))
    assert bench.counted(OCPP16, "MeterValues") == {"kept_raw": 1}
    line.send(json.dumps([2, "x", "Heartbeat"])[:-1] + " " * CALL_BYTES_MAX + "]")
    assert line.heard()[0][0] == 4
    assert counted(bench) == {}
    message_id, ends = open_call(line, "GetConfiguration")
    keys = [{"key": f"Key{number}", "readonly": 1, "value": number} for number in range(1000)]
    line.send(json.dumps([3, message_id, {"configurationKey": keys}]))
    assert len(ends[0].payload.configuration_key) == 1000
    assert counted(bench) == {"number_for_text": 1, "boolean_by_other_means": 1}


def test_a_valid_message_is_not_looked_at():
    bench = bench_with(everything())
    line = bench.connect(OCPP16)
    for action, payload in (
        ("Heartbeat", {}),
        ("StartTransaction", said.start_16()),
        ("MeterValues", said.meter_values_16({"value": "1.5", "unit": "kWh", "phase": "L1"})),
        ("StatusNotification", said.status_16()),
    ):
        line.ask(action, payload)
    assert counted(bench) == {}
    assert not any(isinstance(record, RawMessage) for record in bench.records)


# Who has which


QUIRKY = said.status_16(connector="1")


def test_shadow_mode_only_counts():
    bench = bench_with(mode="shadow")
    plain = Bench()
    for action, payload in [("StatusNotification", QUIRKY), *NOT_MENDED, ("Authorize", {"idTag": "A", "x": 1})]:
        heard = []
        for each in (bench, plain):
            line = each.connect(OCPP16)
            line.call(action, payload, message_id="1")
            each.journal.commit_all()
            heard.append(line.heard())
        assert heard[0] == heard[1]
    for text in ('[2,"1","Heartbeat"]', '[2,"1","MeterValues",{"connectorId":1,}]'):
        lines = [each.connect(OCPP16) for each in (bench, plain)]
        for line in lines:
            line._asked["1"] = "MeterValues"
            line.send(text)
            line.bench.journal.commit_all()
        assert lines[0].heard() == lines[1].heard()
    assert bench.records == plain.records
    assert counted(bench) == {}
    assert counted(bench, "shadow")["text_for_number"] == 1
    assert counted(bench, "shadow")["extra_property"] == 1
    assert counted(bench, "shadow")["payload_missing"] == 1


@pytest.mark.parametrize(("mode", "strict"), [("on", False), ("on", True), ("shadow", False), ("off", False)])
def test_an_answer_is_mended_only_where_quirks_are_on(mode, strict):
    """Otherwise the call ends in an error, and a station of 2.1 is told with a CALLRESULTERROR."""
    line = bench_with(mode=mode).connect(OCPP21, strict=strict)
    message_id, ends = open_call(line, "ClearCache")
    line.send(json.dumps([3, message_id, {"status": "accepted", "statusInfo": None}]))
    told = [json.loads(text)[:2] for text in line.link.written]
    (end,) = ends
    if mode == "on" and not strict:
        assert (end.outcome, json.loads(end.response), told) == (Outcome.ACCEPTED, {"status": "Accepted"}, [])
    else:
        assert (end.outcome, told) == (Outcome.CALL_ERROR, [[5, message_id]])


def test_a_strict_station_has_no_quirks_unless_its_group_names_them():
    bench = bench_with(QuirkGroup(identity="NAMED*", enable=frozenset({"text_for_number"})))
    strict = bench.connect(OCPP16, "OTHER", strict=True)
    assert strict.refusal("StatusNotification", QUIRKY)[0] == "TypeConstraintViolation"
    named = bench.connect(OCPP16, "NAMED1", strict=True)
    named.ask("StatusNotification", QUIRKY)
    assert named.refusal("StatusNotification", said.status_16(info=None))[0] == "TypeConstraintViolation"


@pytest.mark.parametrize(
    ("group", "is_in"),
    [
        (QuirkGroup(identity="CP?"), True),
        (QuirkGroup(identity="XX*"), False),
        (QuirkGroup(vendor="Vendor"), True),
        (QuirkGroup(vendor="vendor"), False),
        (QuirkGroup(vendor="V*", model="Model"), True),
        (QuirkGroup(vendor="V*", model="Other"), False),
        (QuirkGroup(firmware="*"), False),
        (QuirkGroup(identity="CP1", vendor="Ven*"), True),
    ],
)
def test_a_group_has_the_stations_that_all_its_patterns_fit(group, is_in):
    bench = bench_with(msgspec.structs.replace(group, disable=frozenset({"text_for_number"})))
    line = bench.connect(OCPP16, "CP1")
    if is_in:
        line.refusal("StatusNotification", QUIRKY)
    else:
        line.ask("StatusNotification", QUIRKY)


def test_a_firmware_that_was_updated_changes_the_group():
    bench = bench_with(QuirkGroup(firmware="1.*", mode="off"))
    line = bench.connect(OCPP16, booted=False)
    boot = {"chargePointVendor": "V", "chargePointModel": "M"}
    line.ask("BootNotification", {**boot, "firmwareVersion": "1.4"})
    line.refusal("StatusNotification", QUIRKY)
    line.ask("BootNotification", {**boot, "firmwareVersion": "2.0"})
    line.ask("StatusNotification", QUIRKY)


def test_the_first_group_that_fits_counts():
    bench = bench_with(QuirkGroup(identity="CP1", mode="off"), QuirkGroup(identity="CP*", mode="shadow"))
    bench.connect(OCPP16, "CP1").refusal("StatusNotification", QUIRKY)
    bench.connect(OCPP16, "CP2").refusal("StatusNotification", QUIRKY)
    bench.connect(OCPP16, "DP3").ask("StatusNotification", QUIRKY)
    assert counted(bench, "shadow") == counted(bench, "on") == {"text_for_number": 1}


def test_the_very_first_boot_can_be_told_by_identity_only():
    text = "EVlink Smart Wallbox of Schneider"
    long = {"chargePointVendor": "Schneider", "chargePointModel": text}
    off = frozenset({"boot_text_too_long"})
    bench = bench_with(QuirkGroup(identity="A*", disable=off), QuirkGroup(vendor="Schneider", disable=off))
    bench.connect(OCPP16, "A1", booted=False).refusal("BootNotification", long)
    other = bench.connect(OCPP16, "B1", booted=False)
    other.ask("BootNotification", long)
    assert other.station.state.boot.model == text[:20]
    other.refusal("BootNotification", long)


def test_a_firmware_is_logged_once_for_each_of_its_quirks():
    bench = bench_with()
    for identity in ("CP1", "CP2"):
        line = bench.connect(OCPP16, identity)
        for _ in range(3):
            line.ask("StatusNotification", QUIRKY)
    lines = [fields for event, fields in bench.logged if event == "quirk"]
    assert [(fields["quirk"], fields["mode"], fields["station"]) for fields in lines] == [
        ("text_for_number", "on", "CP1")
    ]
    assert counted(bench) == {"text_for_number": 6}


def test_vendors_that_are_made_up_do_not_fill_the_memory_or_the_log():
    bench = bench_with()
    line = bench.connect(OCPP16)
    look = line.session._service.second_look
    look._logged.update((str(number),) for number in range(LOGGED_MAX))
    line.ask("StatusNotification", QUIRKY)
    assert len(look._logged) == LOGGED_MAX
    assert not [event for event, _ in bench.logged if event == "quirk"]


# Chance


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", list(VERSIONS))
def test_every_change_of_a_valid_request_gets_one_answer(version, mode):
    """The journal of the bench encodes each entry as the real one does, so whatever is taken can be written."""
    bench = bench_with(msgspec.structs.replace(everything(), mode=mode))
    line = bench.connect(version)
    number = 0
    for action in sorted(PROTOCOLS[version].version.from_station):
        for payload in mutations(MESSAGES[version, action, "request"].schema, f"{action} {version}"):
            number += 1
            line.call(action, payload, message_id=str(number))
            bench.journal.commit_all()
            ((kind, message_id, *_),) = line.heard()
            assert message_id == str(number)
            assert kind == 3 or action not in TRANSACTIONS
            assert line.session.idle
    assert [fields for event, fields in bench.logged if event == "answer_failed"] == []
    assert sum(counted(bench, mode).values()) > 100


ACTIONS = [(version, action) for version, protocol in PROTOCOLS.items() for action in sorted(protocol.rules)]
MUTATIONS_MAX = 60
"""Mutations tried of one action, drawn with a fixed seed."""


def mutations(schema, seed):
    """Valid payloads with one, two and three changes."""
    random = Random(seed)
    maker = schema_oracle.Maker(schema, random)
    for share in (0.0, 1.0, 0.5):
        first = list(maker.mutations(maker.payload(share)))
        for mutation in random.sample(first, min(len(first), MUTATIONS_MAX // 3)):
            yield mutation.payload
            if isinstance(mutation.payload, dict) and mutation.payload:
                more = dict(mutation.payload)
                more[random.choice(list(more))] = random.choice((None, "", [], {}, "1", 1, 0.5, [{}], "ß" * 300))
                yield more


@pytest.mark.parametrize(("version", "action"), ACTIONS)
def test_whatever_is_mended_is_valid_and_nothing_raises(version, action):
    schema = MESSAGES[version, action, "request"].schema
    validator = schema_oracle.validator(schema)
    expected = {**VERSIONS[version].from_station, **VERSIONS[version].sends}[action].request_type
    for payload in mutations(schema, f"{version} {action}"):
        walk = Walk(QUIRKS, version, action, "request")
        valid_before = not schema_oracle.verdicts(validator, payload)
        before = json.dumps(payload)
        right, value = walk.mend(json.loads(before), expected)
        assert right == (not schema_oracle.verdicts(validator, value)), (payload, value)
        if valid_before and not walk.applied:
            assert value == payload


def test_a_walk_ends_where_nothing_can_mend_so_that_a_large_message_costs_little():
    asked = []
    never = msgspec.structs.replace(BY_NAME["one_for_list"], mend=lambda spot: bool(asked.append(spot.path)))
    payload = {"connectorId": 1, "meterValue": [0] * 10_000}
    walk = Walk([never], OCPP16, "MeterValues", "request")
    right, _ = walk.mend(payload, VERSIONS[OCPP16].from_station["MeterValues"].request_type)
    assert not right
    assert asked == [("meterValue",)]


@pytest.mark.parametrize("version", list(VERSIONS))
def test_whatever_is_mended_of_an_answer_is_valid_and_nothing_raises(version):
    for action in VERSIONS[version].to_station:
        schema = MESSAGES[version, action, "response"].schema
        validator = schema_oracle.validator(schema)
        expected = VERSIONS[version].to_station[action].response_type
        for payload in list(mutations(schema, f"{version} {action}"))[:20]:
            walk = Walk(QUIRKS, version, action, "result")
            right, value = walk.mend(json.loads(json.dumps(payload)), expected)
            assert right == (not schema_oracle.verdicts(validator, value)), (payload, value)


TEXTS = {
    OCPP16: [
        json.dumps([2, "id", "MeterValues", said.meter_values_16({"value": "1", "unit": "kWh"})]),
        json.dumps([2, "id", "StopTransaction", said.stop_16(5, reason="Local", idTag="TAG")]),
    ],
    OCPP201: [json.dumps([2, "id", "TransactionEvent", said.event_201(evse={"id": 1})])],
    OCPP21: ['[2,"id","Heartbeat",{}]', '[6,"id","NotifyPeriodicEventStream",{}]'],
}


@pytest.mark.parametrize("version", list(TEXTS))
@settings(max_examples=250)
@given(data=st.data())
def test_a_damaged_text_never_raises_and_a_call_is_answered_once_at_most(version, data):
    text = data.draw(st.sampled_from(TEXTS[version]))
    for _ in range(data.draw(st.integers(1, 4))):
        at, cut = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 4))
        put = data.draw(
            st.sampled_from(["", ",", "]", "}", "[", '"', "\\", "null", "0", ",,", ":,", "\0", "\x10", "é"])
        )
        text = text[:at] + put + text[at + cut :]
    bench = bench_with(everything())
    line = bench.connect(version)
    line.session.receive(text.encode())
    bench.journal.commit_all()
    assert len(line.link.written) <= 1
    assert line.session.idle
    assert [event for event, _ in bench.logged if event == "answer_failed"] == []


@given(st.binary(max_size=80))
def test_mending_a_text_ends_for_any_bytes(text):
    for quirk in QUIRKS:
        if quirk.mend_text is not None:
            mended = quirk.mend_text(text)
            assert mended != text
