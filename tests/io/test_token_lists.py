import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.core.authorisation import Token
from gateway.core.token_history import VERSIONS_MAX
from gateway.io.token_lists import open_token_history
from tests.core.station_bench import OCPP201

NOW = datetime(2026, 11, 1, tzinfo=UTC)
A, B = Token(id="A", expires_at=NOW, group="g"), Token(id="b", status="Blocked")


def test_an_unchanged_list_keeps_its_version_whatever_its_order(tmp_path: Path) -> None:
    first = open_token_history(tmp_path / "lists", [A, B], NOW)
    again = open_token_history(tmp_path / "lists", [B, A], NOW + timedelta(days=9))
    assert again.version == first.version


def test_a_change_is_a_new_version_and_the_older_ones_are_kept(tmp_path: Path) -> None:
    first = open_token_history(tmp_path, [A], NOW)
    second = open_token_history(tmp_path, [A, B], NOW)
    assert second.version > first.version
    assert first.version in second
    (change,) = second.difference(first.version, OCPP201) or ()
    assert b'"b"' in bytes(change)
    back = open_token_history(tmp_path, [A], NOW)
    assert back.version > second.version


def test_only_so_many_versions_stay_on_disk(tmp_path: Path) -> None:
    for number in range(VERSIONS_MAX + 5):
        history = open_token_history(tmp_path, [Token(id=str(number))], NOW)
    assert len(list(tmp_path.iterdir())) == VERSIONS_MAX
    assert str(history.version) in {file.stem for file in tmp_path.iterdir()}


@pytest.mark.parametrize("content", [b"", b"[{]", b'[{"id":1}]', b'{"id":"A"}', b"\xff\xfe"])
def test_a_damaged_file_is_nothing_to_start_from_and_its_number_stays_taken(tmp_path: Path, content: bytes) -> None:
    first = open_token_history(tmp_path, [A], NOW)
    (tmp_path / f"{first.version}.json").write_bytes(content)
    second = open_token_history(tmp_path, [A], NOW)
    assert second.version > first.version
    assert first.version not in second


def test_what_was_not_finished_is_no_version(tmp_path: Path) -> None:
    first = open_token_history(tmp_path, [A], NOW)
    (tmp_path / f"{first.version + 4096}.new").write_bytes(b"[")
    (tmp_path / "notes.json").write_bytes(b"[]")
    assert open_token_history(tmp_path, [A], NOW).version == first.version


def test_only_the_owner_may_read_id_tokens(tmp_path: Path) -> None:
    open_token_history(tmp_path / "lists", [A], NOW)
    (file,) = (tmp_path / "lists").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
