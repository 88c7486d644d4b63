"""Facts about the limits of sites on disk."""

import os
import stat

import pytest
from msgspec import Raw

from gateway.io import site_limits
from gateway.io.site_limits import SiteLimitsError, read_site_limits, write_site_limits

KEPT = {"depot": Raw(b'{"limits":[1,2]}'), "mall": Raw(b"{}")}


def test_what_was_written_is_read_again(tmp_path):
    file = tmp_path / "site-limits.json"
    write_site_limits(file, KEPT)
    assert {name: bytes(kept) for name, kept in read_site_limits(file).items()} == {
        "depot": b'{"limits":[1,2]}',
        "mall": b"{}",
    }


def test_without_a_file_nothing_is_kept(tmp_path):
    assert read_site_limits(tmp_path / "site-limits.json") == {}


def test_only_the_owner_may_read_it(tmp_path):
    write_site_limits(tmp_path / "a.json", KEPT)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"[]", b'{"depot"', b"\xff", b'{"a":1} x'])
def test_a_damaged_file_is_told_by_its_name_and_never_taken_for_none(tmp_path, content):
    file = tmp_path / "site-limits.json"
    file.write_bytes(content)
    with pytest.raises(SiteLimitsError, match=r"site-limits\.json: is damaged"):
        read_site_limits(file)


def test_a_file_beyond_any_gateway_is_not_read_into_memory(tmp_path, monkeypatch):
    file = tmp_path / "site-limits.json"
    monkeypatch.setattr(site_limits, "FILE_BYTES_MAX", 10)
    file.write_bytes(b'{"depot":{}}')
    with pytest.raises(SiteLimitsError, match="larger than 10 bytes"):
        read_site_limits(file)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "site-limits.json").mkdir()
    with pytest.raises(SiteLimitsError, match="cannot be read: Is a directory"):
        read_site_limits(tmp_path / "site-limits.json")


def test_when_the_disk_takes_nothing_the_old_file_stays(tmp_path, monkeypatch):
    file = tmp_path / "site-limits.json"
    write_site_limits(file, KEPT)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_site_limits(file, {})
    assert set(read_site_limits(file)) == set(KEPT)


def test_what_was_left_unfinished_is_written_over(tmp_path):
    file = tmp_path / "site-limits.json"
    (tmp_path / "site-limits.new").write_bytes(b"half of somethi")
    write_site_limits(file, KEPT)
    assert set(read_site_limits(file)) == set(KEPT)
