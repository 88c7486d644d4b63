"""Facts about connection URIs. The oracle is asyncpg's own reading of them."""

from pathlib import Path

import pytest
from asyncpg.connect_utils import _parse_connect_dsn_and_args

from gateway.io.timescale.dsn import DSN_BYTES_MAX, Address, Dsn, DsnError, parse_dsn

OTHERS = (
    *("host", "port", "user", "password", "passfile", "database", "ssl", "service", "servicefile", "direct_tls"),
    *("server_settings", "target_session_attrs", "krbsrvname", "gsslib"),
)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:s3cret@h/d",
        "postgres://u:s3cret@h:5433/d",
        "postgresql://u:s%40%2F3@a,b:5433,c:5434/d",
        "postgresql://u:s%40%2F3@[::1]:5434/d",
        "postgresql://u@/d?host=a,[::1]:5434",
        "postgresql://u@[2001:db8::7]/d",
        "postgresql://u@%2Frun%2Fpostgresql/d",
        "postgresql:///d?host=/run/postgresql&user=u",
        "postgresql://h/d?user=u&password=s3cret&sslmode=disable",
        "postgresql://u@/d?host=a,b&port=1,2",
        "postgresql://u@/d?host=a,b&port=7",
        "postgresql://u%2Fx@h/d%20e",
    ],
)
def test_it_is_read_as_asyncpg_reads_it(text: str) -> None:
    places, read = _parse_connect_dsn_and_args(dsn=text, **dict.fromkeys(OTHERS))
    parsed = parse_dsn(text)
    sockets = [f"{a.host}/.s.PGSQL.{a.port}" if a.host.startswith("/") else (a.host, a.port) for a in parsed.addresses]
    assert sockets == places
    assert (parsed.user, parsed.database) == (read.user, read.database)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must begin with postgresql://"),
        ("mysql://u:hunter2@h/d", "must begin with postgresql://"),
        ("host=h password=hunter2", "must begin with postgresql://"),
        ("postgresql:u:hunter2@h", "must have //"),
        ("postgresql://u:hunter2@x@h/d", "more than one @"),
        ("postgresql://u:hunter2/x@h/d", "behind the host"),
        ("postgresql://u:hunter2#x@h/d", "behind the host"),
        ("postgresql://u:1?hunter2=x@h/d", "behind the host"),
        ("postgresql://u:hunter2[x@h/d", "brackets"),
        ("postgresql://u:hunter2@h:x/d", "a port that is no number"),
        ("postgresql://u:hunter2@h:0/d", "a port that is no number"),
        ("postgresql://u:hunter2@h:65536/d", "a port that is no number"),
        ("postgresql://u:hunter2@a,,b/d", "an empty host"),
        ("postgresql://u:hunter2@a..b/d", "one that cannot be"),
        ("postgresql://u:hunter2@/d?host=a,b&port=1,2,3", "2 hosts and 3 ports"),
        ("postgresql://u:hunter2@h/d/e", "more than one / behind the host"),
        ("postgresql://u:hunter2@h/d?sslmode", "name=value"),
        ("postgresql://u:hunter2@h/d?connect_timeout=3", 'unknown parameter "connect_timeout"'),
        ("postgresql://u:hunter2@h/d?sslmode=hunter2", "wrong sslmode"),
        ("postgresql://u:hunter2@h/d?target_session_attrs=standby", "wrong target_session_attrs"),
        ("postgresql://u:hunter2\n@h/d", "control characters"),
        ("postgresql://u:hunter2@" + "h" * DSN_BYTES_MAX, "longer than"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_without_the_password(text: str, why: str) -> None:
    with pytest.raises(DsnError) as raised:
        parse_dsn(text)
    assert why in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "shown", "redacted"),
    [
        ("postgres://u:hunter2@h/d", "postgresql://u@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h:1/d", "postgresql://h:1/d", "postgresql://h:1/d"),
        (
            "postgresql://u@a,b/d?%70assword=hunter2&sslpassword=hunter2&sslmode=require",
            "postgresql://u@a,b/d",
            "postgresql://u@a,b/d?password=***&sslpassword=***&sslmode=require",
        ),
    ],
)
def test_a_password_is_never_shown(text: str, shown: str, redacted: str) -> None:
    parsed = parse_dsn(text)
    assert (parsed.shown, parsed.redacted) == (shown, redacted)
    assert parse_dsn(redacted).redacted == redacted


def test_hosts_that_take_writes_are_sought_unless_it_says_otherwise() -> None:
    assert Dsn("postgresql://h/d").parse().arguments["target_session_attrs"] == "read-write"
    assert Dsn("postgresql://h/d?target_session_attrs=any").parse().arguments["target_session_attrs"] == "any"


def test_the_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "dsn"
    dsn = Dsn(file=file)
    with pytest.raises(DsnError, match=rf"{file}: cannot be read: No such file"):
        dsn.parse()
    assert dsn.shown == f"the database of {file}"
    file.write_text("\ufeffpostgresql://u:old@h/d\n")
    assert dsn.parse().arguments["dsn"] == "postgresql://u:old@h/d"
    file.write_text("postgresql://u:new@other:6/d")
    assert dsn.parse().addresses == (Address("other", 6),)
    file.write_bytes(b"\xff")
    with pytest.raises(DsnError, match="is not UTF-8"):
        dsn.parse()
