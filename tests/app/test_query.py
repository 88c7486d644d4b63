"""Facts about `ocpp-gateway query`, on a store that the gateway's own code made."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.app.query import ROWS_MAX, QueryError, query_file


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.executescript(
            "CREATE TABLE t (a, b); CREATE VIEW v AS SELECT a FROM t;"
            "INSERT INTO t VALUES (18188753.0, 'x'), (1.5, NULL), (x'7b7d', char(27) || '[2J');"
        )
    connection.close()
    return tmp_path


def test_without_sql_the_tables_and_views_are_listed(data: Path) -> None:
    assert [line.split() for line in query_file(data, None)][2:] == [["v", "view"], ["t", "table"]]


def test_values_are_shown_as_a_person_reads_them_and_cannot_steer_the_terminal(data: Path) -> None:
    lines = list(query_file(data, "SELECT a, b FROM t"))
    assert [line.split() for line in lines] == [
        ["a", "b"],
        ["--------", "----"],
        ["18188753", "x"],
        ["1.5"],
        ["{}", "?[2J"],
    ]


def test_the_file_may_be_named_itself(data: Path) -> None:
    assert list(query_file(data / "store.sqlite", "SELECT 1 AS one"))[2] == "1"


def test_nothing_can_be_changed(data: Path) -> None:
    with pytest.raises(QueryError, match="readonly"):
        list(query_file(data, "DELETE FROM t"))


@pytest.mark.parametrize("sql", ["ATTACH 'made.db' AS made", "VACUUM INTO 'made.db'"])
def test_no_file_can_be_made(data: Path, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    monkeypatch.chdir(data)
    with pytest.raises(QueryError, match="too many attached databases"):
        list(query_file(data, sql))
    assert not Path("made.db").exists()


def test_ctrl_c_interrupts_a_query_that_never_ends(data: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    program = (
        "import os, signal, threading, sys; from pathlib import Path; from gateway.app.query import query_file\n"
        "threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "list(query_file(Path(sys.argv[1]), sys.argv[2]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, data, endless], capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode != 0
    assert "interrupted" in ended.stderr


def test_a_long_answer_says_that_it_was_cut(data: Path) -> None:
    count = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {ROWS_MAX}) SELECT i FROM n"
    lines = list(query_file(data, count))
    assert len(lines) == 2 + ROWS_MAX + 1
    assert "first" in lines[-1]


@pytest.mark.parametrize("sql", ["SELEC", "SELECT * FROM nothing"])
def test_wrong_sql_is_said_in_one_line(data: Path, sql: str) -> None:
    with pytest.raises(QueryError) as caught:
        list(query_file(data, sql))
    assert "\n" not in str(caught.value)


def test_a_missing_store_names_its_absolute_path(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=str(tmp_path / "store.sqlite")):
        list(query_file(tmp_path, None))
