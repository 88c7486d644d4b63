"""Facts about the files that the configuration names."""

from datetime import UTC, datetime

import pytest

from gateway.app.config_sources import ConfigError
from gateway.app.side_files import read_bearer_token, read_credentials, read_station_list
from gateway.app.token_file import PROBLEMS_MAX, read_tokens
from gateway.core.authorisation import Token
from gateway.core.credentials import hash_line


@pytest.fixture
def file(tmp_path):
    return tmp_path / "side"


def problems_of(read, file) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert all(problem.startswith(f"{file}: ") for problem in caught.value.problems)
    return [problem.removeprefix(f"{file}: ") for problem in caught.value.problems]


def test_a_station_list_has_one_identity_a_line(file):
    file.write_text("# site A\nDE*ABC*1\n\n  CP#2  # the second\r\nCP 3\n")
    assert read_station_list(file) == {"DE*ABC*1", "CP#2", "CP 3"}


def test_a_byte_order_mark_is_no_part_of_the_first_identity(file):
    file.write_bytes(b"\xef\xbb\xbfCP1\n")
    assert read_station_list(file) == {"CP1"}


@pytest.mark.parametrize("line", ["a/b", "../x", "a\x00b", "a\x1b[2J", "x" * 256])
def test_what_cannot_be_an_identity_is_named_by_its_line(file, line):
    file.write_text(f"CP1\n{line}\n")
    (problem,) = problems_of(read_station_list, file)
    assert problem.startswith("line 2: ")


def test_a_station_list_that_is_not_utf8_is_named_by_its_line(file):
    file.write_bytes(b"CP1\nCP2\nCP\xff\n")
    assert problems_of(read_station_list, file) == ["line 3: is not UTF-8"]


@pytest.mark.parametrize("read", [read_station_list, read_credentials, read_bearer_token, read_tokens])
def test_a_file_that_is_not_there_is_named(read, file):
    assert problems_of(read, file) == ["cannot be read: No such file or directory"]


def test_credentials_are_read(file):
    file.write_text(hash_line("CP1", b"0123456789abcdef", bytes(16)) + "\n")
    assert read_credentials(file).verify("CP1", b"CP1:0123456789abcdef")


def test_a_wrong_line_of_credentials_is_a_config_error(file):
    file.write_text("\nCP1:secret\n")
    (problem,) = problems_of(read_credentials, file)
    assert problem == "line 2: has 2 fields, must have 4: identity:blake2b:salt:hash"
    file.write_text("secret\n")
    assert problems_of(read_credentials, file) == [
        "line 1: has 1 field, must have 4: identity:blake2b:salt:hash",
    ]


def test_a_bearer_token_is_the_content_without_the_newline(file):
    file.write_text("0123456789abcdef\n")
    assert read_bearer_token(file) == "0123456789abcdef"


@pytest.mark.parametrize("token", ["", "short", "0123456789 abcdef", "0123456789abcdefé", "0123456789\nabcdefgh"])
def test_a_bearer_token_that_cannot_be_one_is_refused_and_not_repeated(file, token):
    file.write_text(token)
    (problem,) = problems_of(read_bearer_token, file)
    assert not token or token not in problem


def test_tokens_are_found_by_their_id_in_lower_case(file):
    file.write_text(
        '[[token]]\nid = "04A2"\n'
        '[[token]]\nid = "DE-8AA-1"\ntype = "eMAID"\n'
        'status = "Blocked"\nexpires_at = 2027-01-01T00:00:00Z\ngroup = "G"\n'
    )
    assert read_tokens(file) == {
        "04a2": Token(id="04A2"),
        "de-8aa-1": Token(
            id="DE-8AA-1", type="eMAID", status="Blocked", expires_at=datetime(2027, 1, 1, tzinfo=UTC), group="G"
        ),
    }


def test_a_file_without_tokens_accepts_nobody(file):
    file.write_text("")
    assert read_tokens(file) == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[token]]\n", "$.token[0].id: is missing"),
        ('[[token]]\nid = ""', "$.token[0].id: must have 1 to 255 characters"),
        (f'[[token]]\nid = "{"x" * 256}"', "$.token[0].id: must have 1 to 255 characters"),
        ("[[token]]\nid = 4", "$.token[0].id: must be a string"),
        ('[[token]]\nid = "a"\nstatus = "accepted"', "$.token[0].status: must be "),
        ('[[token]]\nid = "a"\ntype = "RFID"', "$.token[0].type: must be one of Central, "),
        ('[[token]]\nid = "a"\nstate = "Accepted"', '$.token[0].state: unknown key; did you mean "status"?'),
        ('[[token]]\nid = "a"\nexpires_at = 2027-01-01T00:00:00', "$.token[0].expires_at: must be a time with its"),
        ('[[token]]\nid = "a"\nexpires_at = "soon"', "$.token[0].expires_at: must be "),
        ('[[token]]\nid = "a"\n[[token]]\nid = "A"', '$.token[1].id: "A" stands twice'),
        ("token = 1", "$.token: must be tables [[token]]"),
        ("[token]\nid = 'a'", "$.token: must be tables [[token]]"),
        ("[[tokens]]\nid = 'a'", "$.tokens: unknown key; known here: token"),
        ("id: 4", "is not TOML: "),
        (f"token = 1{'0' * 5000}", "is not TOML: "),
    ],
)
def test_a_wrong_token_is_told_where_and_what_would_be_right(file, text, problem):
    file.write_text(text)
    (found,) = problems_of(read_tokens, file)
    assert found.startswith(problem)


def test_several_wrong_tokens_are_reported_at_once_up_to_a_limit(file):
    file.write_text("[[token]]\n" * 3)
    assert len(problems_of(read_tokens, file)) == 3
    file.write_text("[[token]]\n" * 1000)
    assert len(problems_of(read_tokens, file)) == PROBLEMS_MAX
