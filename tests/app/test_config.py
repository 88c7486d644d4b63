"""Facts about the configuration: sources, errors, rules and pages."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.app.config import Config
from gateway.app.config_pages import effective_page, reference_page
from gateway.app.config_sources import CONFIG_FILE_BYTES_MAX, ConfigError, load_config
from gateway.app.config_types import array_member, description
from gateway.app.station_groups import site_of

CERTIFICATE = '[[tls.certificate]]\ncertificate_file = "c.pem"\nkey_file = "c.key"\n'


@pytest.fixture
def write(tmp_path):
    def write_file(text: str) -> Path:
        file = tmp_path / "gateway.toml"
        file.write_text(text)
        return file

    return write_file


def problems_of(file: Path | None = None, **sources) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(file, **sources)
    return [problem.removeprefix(f"{file}: ") for problem in caught.value.problems]


def every_section():
    for section in msgspec.structs.fields(Config):
        yield section.name, section.type
        for field in msgspec.structs.fields(section.type):
            if (member := array_member(field.type)) is not None:
                yield f"{section.name}.{field.name}", member


EVERY_KEY = [(name, field) for name, section in every_section() for field in msgspec.structs.fields(section)]


# Sources


def test_without_any_source_it_listens_on_loopback_only():
    config = load_config().config
    assert (config.listener.host, config.listener.port, config.listener.path_prefix) == ("127.0.0.1", 9000, "/ocpp")
    assert (config.admin.host, config.admin.port) == ("127.0.0.1", 8080)
    assert config.stations.unknown == "accept"


def test_without_any_source_no_id_token_is_accepted():
    authorisation = load_config().config.authorisation
    assert (authorisation.mode, authorisation.token_file) == ("token_file", None)


def test_a_file_sets_keys(write):
    config = load_config(write('[listener]\nport = 9001\n[clock]\nearliest = "2020-01-01T00:00:00Z"\n')).config
    assert config.listener.port == 9001
    assert config.clock.earliest == datetime(2020, 1, 1, tzinfo=UTC)


def test_an_integer_is_taken_for_a_number(write):
    assert load_config(write("[drain]\ngrace_s = 5\n")).config.drain.grace_s == 5.0


def test_the_environment_is_stronger_than_the_file_and_options_than_both(write):
    file = write("[listener]\nport = 1\nbacklog = 1\nconnections_max = 1\n")
    environment = {"OCPP_GATEWAY__LISTENER__PORT": "2", "OCPP_GATEWAY__LISTENER__BACKLOG": "2"}
    listener = load_config(file, environment=environment, options={"--port": ("listener.port", 3)}).config.listener
    assert (listener.port, listener.backlog, listener.connections_max) == (3, 2, 1)


@pytest.mark.parametrize(
    ("name", "text", "section", "key", "value"),
    [
        ("OCPP_GATEWAY__STATIONS__STRICT", "true", "stations", "strict", True),
        ("OCPP_GATEWAY__DRAIN__GRACE_S", "1.5", "drain", "grace_s", 1.5),
        ("OCPP_GATEWAY__ADMIN__TOKEN_FILE", "/run/token", "admin", "token_file", Path("/run/token")),
        ("OCPP_GATEWAY__LISTENER__PATH_PREFIX", "", "listener", "path_prefix", ""),
        (
            "OCPP_GATEWAY__CLOCK__EARLIEST",
            "2020-01-01T00:00:00Z",
            "clock",
            "earliest",
            datetime(2020, 1, 1, tzinfo=UTC),
        ),
    ],
)
def test_the_environment_is_read_as_the_type_of_its_key(name, text, section, key, value):
    assert getattr(getattr(load_config(environment={name: text}).config, section), key) == value


def test_other_variables_of_the_environment_are_nobodys_business():
    assert load_config(environment={"OCPP_GATEWAY_PORT": "x", "PATH": "/bin"}).config == Config()


def test_relative_paths_in_the_file_start_at_its_directory(write):
    file = write('[data]\ndirectory = "kept"\n[stations]\nlist_file = "/etc/stations"\n')
    config = load_config(file).config
    assert config.data.directory == file.parent / "kept"
    assert config.stations.list_file == Path("/etc/stations")


def test_relative_paths_of_options_start_at_the_working_directory():
    assert load_config(options={"--data": ("data.directory", "kept")}).config.data.directory == Path("kept")


def test_groups_are_tables_of_the_file(write):
    file = write(
        '[[stations.group]]\nname = "old"\nmatch = "DE*"\nstrict = true\n[[stations.group]]\nname="b"\nmatch="*"'
    )
    assert [(group.name, group.match, group.strict) for group in load_config(file).config.stations.group] == [
        ("old", "DE*", True),
        ("b", "*", None),
    ]


# Errors


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[listener]\nprot = 1", '$.listener.prot: unknown key; did you mean "port"?'),
        ("[listner]\nport = 1", '$.listner: unknown key; did you mean "listener"?'),
        ("[LISTENER]\nport = 1", '$.LISTENER: unknown key; did you mean "listener"?'),
        ("port = 1", '$.port: unknown key; did you mean "listener.port"?'),
        ("[admin]\nzzz = 1", "$.admin.zzz: unknown key; known here: host, port, token_file"),
        ('[listener]\nport = "9000"', '$.listener.port: is "9000", must be an integer from 0 to 65535'),
        ("[listener]\nport = 65536", "$.listener.port: is 65536, must be an integer from 0 to 65535"),
        ("[listener]\nport = -1", "$.listener.port: is -1, must be an integer from 0 to 65535"),
        ("[listener]\nport = 1.5", "$.listener.port: is 1.5, must be an integer from 0 to 65535"),
        ("[listener]\nport = true", "$.listener.port: is true, must be an integer from 0 to 65535"),
        ("[listener]\nport = [1]", "$.listener.port: is [1], must be an integer from 0 to 65535"),
        ("[listener.port]\nx = 1", "$.listener.port: is a table, must be an integer from 0 to 65535"),
        ('[listener]\nhost = ""', '$.listener.host: is "", must be a string of 1 to 255 characters'),
        ("listener = 1", "$.listener: is 1, must be a table [listener]"),
        ("[drain]\ngrace_s = nan", "$.drain.grace_s: is nan, must be a number from 0 to 3600"),
        ("[drain]\ngrace_s = inf", "$.drain.grace_s: is inf, must be a number from 0 to 3600"),
        ("[drain]\ncloses_per_s = 0", "$.drain.closes_per_s: is 0, must be a number above 0, at most 1000000"),
        (
            '[stations]\nunknown = "maybe"',
            '$.stations.unknown: is "maybe", must be "accept", "pending" or "reject"',
        ),
        ("[stations]\nstrict = 1", "$.stations.strict: is 1, must be true or false"),
        ('[data]\ndirectory = ""', '$.data.directory: is "", must be a path (without ~, which only a shell expands)'),
        ("[data]\ndirectory = 7", "$.data.directory: is 7, must be a path (without ~, which only a shell expands)"),
        (
            "[clock]\nearliest = 2015-01-01T00:00:00",
            "$.clock.earliest: is 2015-01-01 00:00:00, must be a time with its offset, such as 2015-01-01T00:00:00Z",
        ),
        ("[[stations.group]]\nname = 'a'", "$.stations.group[0].match: is missing"),
        ("[stations]\ngroup = 1", "$.stations.group: must be tables [[stations.group]] of the configuration file"),
        (
            "[[stations.group]]\nname='a'\nmatch='*'\nstrikt=true",
            '$.stations.group[0].strikt: unknown key; did you mean "strict"?',
        ),
        (
            "[[stations.group]]\nname='a'\nmatch='*'\n[[stations.group]]\nname='a'\nmatch='b'",
            "$.stations.group: the name 'a' stands twice; names of groups are unique",
        ),
    ],
)
def test_a_wrong_file_is_told_where_and_what_would_be_right(write, text, problem):
    assert problems_of(write(text)) == [problem]


def test_every_problem_of_every_source_is_reported_at_once(write):
    file = write("[listener]\nprot = 1\n[log]\nlevel = 3\n")
    problems = problems_of(
        file,
        environment={"OCPP_GATEWAY__LISTENER__PORT": "x", "OCPP_GATEWAY__STORE": "y"},
        options={"--port": ("listener.port", 70000)},
    )
    assert [problem.split(": ")[0] for problem in problems] == [
        "$.listener.prot",
        "$.log.level",
        "OCPP_GATEWAY__LISTENER__PORT",
        "OCPP_GATEWAY__STORE",
        "--port",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "OCPP_GATEWAY__",
        "OCPP_GATEWAY____",
        "OCPP_GATEWAY__LISTENER",
        "OCPP_GATEWAY__LISTENER__PROT",
        "OCPP_GATEWAY__LISTENER__PORT__X",
        "OCPP_GATEWAY__STATIONS__GROUP",
    ],
)
def test_a_variable_that_sets_nothing_is_an_error_that_names_it(name):
    (problem,) = problems_of(environment={name: "1"})
    assert problem.startswith(f"{name}: $.")


def test_a_file_that_is_no_toml_is_told_the_line(write):
    (problem,) = problems_of(write("[listener]\nport 9000\n"))
    assert problem.startswith("is not TOML: ")
    assert "line 2" in problem


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml: cannot be read: No such file"):
        load_config(tmp_path / "absent.toml")


def test_an_integer_of_thousands_of_digits_is_a_problem_and_no_traceback(write):
    (problem,) = problems_of(write(f"[listener]\nport = 1{'0' * 5000}"))
    assert "is not TOML: Exceeds the limit (4300 digits)" in problem
    (problem,) = problems_of(write(f"[listener]\nport = 0x{'f' * 5000}"))
    assert problem.startswith("$.listener.port: is 0xfff")


def test_what_a_problem_shows_is_one_line(write):
    (problem,) = problems_of(write('[listener]\nport = "\\u2028\\u001b\\n\\u007f"'))
    assert problem.isprintable()
    (problem,) = problems_of(write('[listener]\n"a\\nb" = 1'))
    assert problem.startswith('$.listener."a\\nb": unknown key; ')


def test_a_directory_is_no_configuration(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


def test_a_file_of_other_bytes_is_no_configuration(write):
    file = write("")
    file.write_bytes(b"\xff\xfe\x00")
    assert problems_of(file) == ["line 1: is not UTF-8, so it is not TOML"]
    file.write_bytes(b"#" * (CONFIG_FILE_BYTES_MAX + 1))
    assert "so it is no configuration" in problems_of(file)[0]
    file.write_bytes(b"x=" + b"[" * 100_000)
    assert problems_of(file)[0].startswith("is not TOML: ")


def test_a_byte_order_mark_does_no_harm(write):
    file = write("")
    file.write_bytes(b"\xef\xbb\xbf[listener]\nport = 7\n")
    assert load_config(file).config.listener.port == 7


@pytest.mark.parametrize("text", ["2020", "1577836800", "2020-01-01", "2020-01-01T00:00:00"])
def test_a_time_in_the_environment_is_written_out(text):
    (problem,) = problems_of(environment={"OCPP_GATEWAY__CLOCK__EARLIEST": text})
    assert f'is "{text}", must be a time with its offset' in problem


@pytest.mark.parametrize("text", ["~", "~/data"])
def test_a_tilde_would_make_a_directory_of_that_name_so_it_is_refused(write, text):
    (problem,) = problems_of(write(f'[data]\ndirectory = "{text}"'))
    assert problem == f'$.data.directory: is "{text}", must be a path (without ~, which only a shell expands)'


def test_a_long_value_is_cut_in_the_error(write):
    (problem,) = problems_of(write(f'[listener]\nport = "{"9" * 10_000}"\n'))
    assert len(problem) < 200


# Rules between keys


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10", "gateway.example", ""])
def test_a_listener_off_loopback_demands_a_policy(host):
    options = {"--host": ("listener.host", host)}
    if host:
        problems = problems_of(options=options)
        assert [problem.split(": ")[1] for problem in problems] == ["$.stations.unknown", "$.stations.credentials"]
        assert all("is not loopback" in problem for problem in problems)
    else:
        assert "must be a string of 1" in problems_of(options=options)[0]


def test_a_listener_off_loopback_may_accept_everybody_if_somebody_says_so(write):
    file = write('[listener]\nhost = "0.0.0.0"\n[stations]\nunknown = "accept"\ncredentials = "none"\n')
    assert load_config(file).config.stations.unknown == "accept"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[stations]\ncredentials = "basic"', "$.stations.credentials_file: must be set"),
        ('[stations]\ncredentials_file = "x"', "$.stations.credentials_file: is not used"),
        ('[stations]\nunknown = "reject"', "$.stations.list_file: must be set"),
        ('[authorisation]\nmode = "accept_all"\ntoken_file = "x"', "$.authorisation.token_file: is not used"),
        ('[admin]\nhost = "0.0.0.0"', "$.admin.token_file: must be set"),
        (
            '[[stations.group]]\nname = "a"\nmatch = "*"\nlocal_list = true',
            "$.authorisation.token_file: must be set, because the group 'a' has local_list = true",
        ),
        (
            "[upkeep]\nreset_unbooted = true\ntrigger_boot = false",
            "$.upkeep.reset_unbooted: is true, but only who refuses to boot is reset: set upkeep.trigger_boot = true",
        ),
        ("[commands]\ntimeout_s = 400", "$.commands.timeout_max_s: is 300, must be at least commands.timeout_s"),
        (
            '[store]\ndsn = "postgresql://h/d"\ndsn_file = "x"',
            "$.store.dsn_file: says where the database is, as store.dsn does",
        ),
        (
            '[store]\ndsn = "postgresql://h/d"\npath = "x"',
            "$.store.path: is the file of the SQLite store, but store.dsn",
        ),
        ('[store]\ndsn_file = "x"\npath = "x"', "$.store.path: is the file of the SQLite store, but store.dsn_file"),
        ('[store]\ndsn = "mysql://u:p@h/d"', "$.store.dsn: must begin with postgresql:// or postgres://"),
        ("[admin]\nport = 9000", "$.admin.port: is 9000, the same as listener.port"),
        (f"[tls]\nport = 9000\n{CERTIFICATE}", "$.tls.port: is 9000, the same as listener.port"),
        (f"[admin]\nport = 9443\n{CERTIFICATE}", "$.admin.port: is 9443, the same as tls.port"),
        ("[listener]\nplain = false", "$.tls.certificate: must be given, because listener.plain = false"),
        ('[listener]\necho_path = "echo"', '$.listener.echo_path: is "echo", must be a plain path'),
        ('[listener]\necho_path = "/"', '$.listener.echo_path: is "/", must be a plain path'),
        ('[listener]\necho_path = "/e?"', '$.listener.echo_path: is "/e?", must be a plain path'),
        ('[listener]\necho_path = "/ocpp/echo"', '$.listener.echo_path: is "/ocpp/echo", where a station could be'),
        ('[listener]\npath_prefix = "ocpp"', '$.listener.path_prefix: is "ocpp", must be empty or a plain path'),
        ('[listener]\npath_prefix = "/ocpp/"', '$.listener.path_prefix: is "/ocpp/", must be empty or a plain path'),
        ('[listener]\npath_prefix = "/"', '$.listener.path_prefix: is "/", must be empty or a plain path'),
        ('[listener]\npath_prefix = "/a/../b"', '$.listener.path_prefix: is "/a/../b", must be empty or a plain path'),
        ('[listener]\npath_prefix = "/a?b"', '$.listener.path_prefix: is "/a?b", must be empty or a plain path'),
        ('[listener]\npath_prefix = "/é"', '$.listener.path_prefix: is "/é", must be empty or a plain path'),
    ],
)
def test_keys_that_contradict_each_other_are_refused(write, text, problem):
    (found,) = problems_of(write(text))
    assert found.startswith(problem)


@pytest.mark.parametrize(
    "text",
    [
        "[tls]\nport = 9000",
        f"[listener]\nplain = false\n[tls]\nport = 9000\n{CERTIFICATE}",
        f"[listener]\nport = 0\n[tls]\nport = 0\n{CERTIFICATE}",
        '[tls]\nhost = "0.0.0.0"',
        f'[listener]\nplain = false\nhost = "0.0.0.0"\n{CERTIFICATE}',
        '[listener]\necho_path = "/echo"',
        '[listener]\necho_path = "/ocpp/test/echo"',
        '[listener]\npath_prefix = ""\necho_path = "/test/echo"',
    ],
)
def test_what_is_not_listened_on_contradicts_nothing(write, text):
    load_config(write(text))


def test_tls_off_loopback_demands_a_policy(write):
    problems = problems_of(write(f'[tls]\nhost = "0.0.0.0"\n{CERTIFICATE}'))
    assert [problem.split(": ")[0] for problem in problems] == ["$.stations.unknown", "$.stations.credentials"]
    assert all('because tls.host = "0.0.0.0" is not loopback' in problem for problem in problems)


@pytest.mark.parametrize("section", ["listener", "tls"])
def test_an_echo_path_off_loopback_is_refused(write, section):
    tables = {"listener": '[listener]\nhost = "0.0.0.0"', "tls": f'[tls]\nhost = "0.0.0.0"\n{CERTIFICATE}\n[listener]'}
    policy = '[stations]\nunknown = "accept"\ncredentials = "none"\n'
    (problem,) = problems_of(write(f'{policy}{tables[section]}\necho_path = "/echo"'))
    assert f'$.listener.echo_path: is for tests only; remove it, because {section}.host = "0.0.0.0"' in problem


def test_certificates_are_tables_whose_paths_start_at_the_file(write):
    file = write(f"{CERTIFICATE}\n{CERTIFICATE}")
    first, second = load_config(file).config.tls.certificate
    assert first == second
    assert first.certificate_file == file.parent / "c.pem"
    assert first.key_file == file.parent / "c.key"


def test_a_certificate_without_its_key_is_refused(write):
    (problem,) = problems_of(write('[[tls.certificate]]\ncertificate_file = "c.pem"'))
    assert problem.endswith("$.tls.certificate[0].key_file: is missing")


def test_a_key_that_is_wrong_is_not_also_missing(write):
    file = write('[listener]\nhost = "0.0.0.0"\n[stations]\nunknown = "maybe"\ncredentials = "none"\n')
    assert len(problems_of(file)) == 1


# Secrets


@pytest.mark.parametrize(
    "text",
    [
        'dsn = "postgresql://u:hunter2@h/d?nothing=1"',
        'dsn = ["postgresql://u:hunter2@h/d"]',
        'dsn = "postgresql://u:hunter2@h/' + "d" * 5000 + '"',
        'dsn = "hunter2"',
    ],
)
def test_no_error_repeats_a_dsn(write, text):
    (problem,) = problems_of(write(f"[store]\n{text}\n"))
    assert "$.store.dsn: " in problem
    assert "hunter2" not in problem


def test_no_page_shows_the_password_of_a_dsn(write, tmp_path):
    page = effective_page(load_config(write('[store]\ndsn = "postgresql://u:hunter2@h/d?sslmode=require"\n')))
    assert 'dsn = "postgresql://u:***@h/d?sslmode=require"  # ' in page
    again = tmp_path / "again.toml"
    again.write_text(page)
    assert load_config(again).config.store.dsn == "postgresql://u:***@h/d?sslmode=require"


def test_the_site_of_a_station_is_that_of_the_first_group_that_fits(write):
    file = write(
        '[[stations.group]]\nname = "a"\nmatch = "DE*"\nsite = "Berlin"\n'
        '[[stations.group]]\nname = "b"\nmatch = "AT*"\n[[stations.group]]\n'
        'name = "c"\nmatch = "?T*"\nsite = "Graz"\n'
    )
    config = load_config(file).config
    assert [site_of(config, identity) for identity in ("DE1", "AT1", "IT1", "FR1")] == ["Berlin", None, "Graz", None]


# Pages


@pytest.mark.parametrize(("section", "field"), EVERY_KEY, ids=lambda part: getattr(part, "name", part))
def test_every_key_says_what_it_means(section, field):
    assert description(field.type).endswith(".")
    assert f"| `{field.name}` |" in reference_page().split(f"[{section}]")[1].split("##")[0]


@pytest.mark.parametrize(("name", "section"), list(every_section()))
def test_every_table_is_introduced(name, section):
    assert section.__doc__
    assert section.__doc__.splitlines()[0] in reference_page()


def test_the_reference_names_units():
    page = reference_page()
    assert "| `handshake_timeout_s` | a number above 0, at most 300 | `10.0` | s |" in page
    assert "| `closes_per_s` | a number above 0, at most 1000000 | `1000.0` | 1/s |" in page
    assert "| `retention_days` | an integer from 0 to 36500 | `0` | days |" in page


def test_the_effective_configuration_loads_to_the_same(write, tmp_path):
    first = load_config(
        write('[data]\ndirectory = "/d \\"q\\" \\u007f"\n[[stations.group]]\nname = "a\\nb"\nmatch = "[ab]*"\n'),
        environment={"OCPP_GATEWAY__DRAIN__GRACE_S": "1e-3"},
        options={"--port": ("listener.port", 9001)},
    )
    again = tmp_path / "again.toml"
    again.write_text(effective_page(first))
    assert load_config(again).config == first.config


def test_the_effective_configuration_says_where_keys_were_set(write):
    file = write("[listener]\nbacklog = 7\n")
    page = effective_page(load_config(file, options={"--port": ("listener.port", 9001)}))
    assert f"backlog = 7  # {file}\n" in page
    assert "port = 9001  # --port\n" in page
    assert "connections_max = 18000\n" in page


def test_paths_in_the_effective_configuration_are_absolute():
    assert Path(tomllib.loads(effective_page(load_config()))["data"]["directory"]).is_absolute()


KEYS = st.sampled_from([f"{name}.{field.name}" for name, field in EVERY_KEY]) | st.text(max_size=5)
VALUES = st.recursive(st.integers() | st.floats() | st.text() | st.none() | st.booleans(), st.lists, max_leaves=3)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_setting_makes_a_configuration_or_a_config_error(settings):
    options = {f"--{index}": (key, value) for index, (key, value) in enumerate(settings.items())}
    try:
        page = effective_page(load_config(options=options))
    except ConfigError as error:
        assert all(problem.startswith(("--", "configuration: $.")) for problem in error.problems)
    else:
        tomllib.loads(page)
