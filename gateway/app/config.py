"""The configuration: one tree of frozen Structs, which is at once the schema, the defaults and the reference page.

`config_sources` fills it from a TOML file, the environment and the command line; `config_rules` says what must hold
between keys; `config_pages` prints it. A key's type, range and meaning stand here and nowhere else. Units are the last
word of a key: `_s` seconds, `_days` days, `bytes` bytes.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]
LongText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4096)]
Port: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]

SECRET: Final = "secret"  # noqa: S105 - a mark
"""Marks in a key's Meta that its value may hold a password: it is neither printed nor repeated in errors."""


class DataSection(Struct, frozen=True, kw_only=True):
    """Where the gateway keeps what it must not lose."""

    directory: Annotated[
        Path,
        Meta(description="Directory of the journal and the default store; created if absent, locked while running."),
    ] = Path("gateway-data")


class ListenerSection(Struct, frozen=True, kw_only=True):
    """Where stations connect: `ws://HOST:PORT/PATH_PREFIX/{identity}`. All but the address holds with TLS too."""

    host: Annotated[
        Text,
        Meta(
            description="Address to listen on. Off loopback, `stations.unknown` and `stations.credentials` must be set."
        ),
    ] = "127.0.0.1"
    port: Annotated[Port, Meta(description="TCP port; 0 takes any free one.")] = 9000
    plain: Annotated[
        bool, Meta(description="Whether this address is listened on. Without it every station needs TLS.")
    ] = True
    path_prefix: Annotated[
        str, Meta(max_length=255, description="What stands before the identity in the path; empty for nothing.")
    ] = "/ocpp"
    backlog: Annotated[
        int,
        Meta(
            ge=1, le=65535, description="Connections the kernel holds until they are accepted; a fleet returns at once."
        ),
    ] = 4096
    connections_max: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Connections open at once; more are answered 503.",
        ),
    ] = 18_000
    handshake_timeout_s: Annotated[
        float, Meta(gt=0, le=300, description="Time for a connection to complete its WebSocket handshake.")
    ] = 10.0
    message_bytes_max: Annotated[
        int,
        Meta(
            ge=4096,
            le=16 * 1024 * 1024,
            description="Largest message of a station. A 1.6 GetConfiguration answer of 1,000 keys is about 90 KiB.",
        ),
    ] = 128 * 1024
    ping_interval_s: Annotated[float, Meta(ge=1, le=86_400, description="Time between two pings to a station.")] = 60.0
    pong_timeout_s: Annotated[
        float,
        Meta(
            ge=1,
            le=86_400,
            description="Time after a ping until a silent station is taken for gone; two heartbeat intervals for one "
            "that has never answered a ping.",
        ),
    ] = 30.0
    deflate: Annotated[
        bool,
        Meta(description="Whether messages are compressed (permessage-deflate) for stations that offer it."),
    ] = True
    echo_path: Annotated[
        Text | None,
        Meta(
            description="Path of a WebSocket that echoes what anybody sends to it, for test suites; on loopback only."
        ),
    ] = None


class TlsCertificate(Struct, frozen=True, kw_only=True):
    """A certificate and its key. An ECDSA and an RSA one can be served; OCPP asks for suites of both."""

    certificate_file: Annotated[
        Path, Meta(description="PEM file of the certificate and, behind it, those up to the root.")
    ]
    key_file: Annotated[Path, Meta(description="PEM file of its private key, not encrypted.")]


class TlsSection(Struct, frozen=True, kw_only=True):
    """Where stations connect with TLS 1.2 or newer (security profile 2): `wss://HOST:PORT/PATH_PREFIX/{identity}`.

    Off without a certificate.
    """

    host: Annotated[
        Text,
        Meta(
            description="Address to listen on. Off loopback, `stations.unknown` and `stations.credentials` must be set."
        ),
    ] = "127.0.0.1"
    port: Annotated[Port, Meta(description="TCP port; 0 takes any free one.")] = 9443
    certificate: Annotated[
        tuple[TlsCertificate, ...], Meta(description="Certificates of the gateway, one for each kind of key.")
    ] = ()


class StationGroup(Struct, frozen=True, kw_only=True):
    """Stations that are treated alike. The first group whose `match` fits a station's identity is its group."""

    name: Annotated[Text, Meta(description="Name of the group; unique.")]
    match: Annotated[
        Text,
        Meta(description="Pattern of identities: `*` is any characters, `?` one, `[ab]` one of these."),
    ]
    site: Annotated[
        Text | None, Meta(description="Site at which these stations stand, by which the store sums power up.")
    ] = None
    strict: Annotated[
        bool | None, Meta(description="Takes the place of `stations.strict` in this group, if it is set.")
    ] = None
    local_list: Annotated[
        bool,
        Meta(
            description="Whether the stations' local authorisation lists are kept in step with "
            "`authorisation.token_file`."
        ),
    ] = False


class StationsSection(Struct, frozen=True, kw_only=True):
    """Which stations may connect, and how they are treated."""

    unknown: Annotated[
        Literal["accept", "pending", "reject"],
        Meta(
            description="Stations in neither `list_file` nor `credentials_file`: accepted, answered Pending when they "
            "boot, or refused with 404."
        ),
    ] = "accept"
    remembered_max: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000_000,
            description="Stations whose state is kept, connected or not; a new one beyond it is answered 503. Each "
            "takes some 2 KiB of memory.",
        ),
    ] = 200_000
    list_file: Annotated[
        Path | None, Meta(description="File of known stations: one identity a line, `#` begins a comment.")
    ] = None
    credentials: Annotated[
        Literal["none", "basic"],
        Meta(description="How stations prove who they are: not at all, or with HTTP Basic (security profile 1)."),
    ] = "none"
    credentials_file: Annotated[
        Path | None,
        Meta(description="File of station passwords, hashed; `ocpp-gateway hash-password IDENTITY` makes a line."),
    ] = None
    strict: Annotated[
        bool,
        Meta(
            description="Whether a transaction message that breaks its schema is answered with an error, upon which a "
            "station throws it away. Otherwise it is kept raw and answered."
        ),
    ] = False
    heartbeat_interval_s: Annotated[
        int, Meta(ge=1, le=86_400, description="Heartbeat interval that accepted stations are given.")
    ] = 300
    retry_interval_s: Annotated[
        int, Meta(ge=1, le=86_400, description="Time after which a station that was not accepted may boot again.")
    ] = 60
    group: Annotated[tuple[StationGroup, ...], Meta(description="Groups of stations that are treated alike.")] = ()


class AuthorisationSection(Struct, frozen=True, kw_only=True):
    """Who may charge. Without a token file every id token is Unknown."""

    mode: Annotated[
        Literal["token_file", "accept_all"],
        Meta(description="Answer id tokens from `token_file`, or accept every one."),
    ] = "token_file"
    token_file: Annotated[
        Path | None,
        Meta(description="TOML file of `[[token]]` tables with `id`, `type`, `status`, `expires_at` and `group`."),
    ] = None


class ClockSection(Struct, frozen=True, kw_only=True):
    """Which of a station's timestamps are believed; others are replaced by the time of receipt."""

    future_tolerance_s: Annotated[
        float, Meta(ge=0, le=86_400, description="How far ahead of this machine's clock a station's may be.")
    ] = 300.0
    earliest: Annotated[
        datetime, Meta(tz=True, description="Timestamps before this are of a clock that was never set.")
    ] = datetime(2015, 1, 1, tzinfo=UTC)


class JournalSection(Struct, frozen=True, kw_only=True):
    """What stations said, on disk before they are answered, until every reader has it and for a while longer."""

    bytes_max: Annotated[
        int,
        Meta(
            ge=16 * 1024 * 1024,
            le=2**46,
            description="Largest journal. When it is full stations are no longer answered (see `when_full`); nothing "
            "is thrown away.",
        ),
    ] = 4 * 1024**3
    retention_s: Annotated[
        int,
        Meta(ge=0, le=366 * 86_400, description="Time to keep what every reader has, to fill a restored store again."),
    ] = 86_400
    when_full: Annotated[
        Literal["withhold", "disconnect"],
        Meta(
            description="What a full journal means for stations: their answers are withheld, and they stay connected; "
            "or they are disconnected at the pace of `drain.closes_per_s` and refused with 503, so that a load "
            "balancer sends them to another gateway. They keep their messages either way."
        ),
    ] = "withhold"


class StoreSection(Struct, frozen=True, kw_only=True):
    """The store in which readings, transactions and events are queried.

    It is an SQLite file, or with `dsn` or `dsn_file` PostgreSQL, best with the extension TimescaleDB.
    """

    path: Annotated[
        Path | None, Meta(description="File of the SQLite store; by default `store.sqlite` in `data.directory`.")
    ] = None
    dsn: Annotated[
        LongText | None,
        Meta(
            description="Database of the TimescaleDB store: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode="
            "verify-full`. Several hosts, with commas between them, are tried in turn until one takes writes.",
            extra={SECRET: True},
        ),
    ] = None
    dsn_file: Annotated[
        Path | None,
        Meta(description="File that holds the DSN instead; it is read again at each connect, as passwords change."),
    ] = None
    retention_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            description="Days after which readings, statuses, events, raw messages and ended transactions are deleted; "
            "0 keeps them for ever.",
        ),
    ] = 0
    rollup_retention_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            description="Days after which rollups of energy and power are deleted; 0 keeps them for ever. TimescaleDB "
            "and PostgreSQL only, as all below.",
        ),
    ] = 0
    compress_after_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            description="Days after which readings are compressed, where the edition of TimescaleDB can; 0 never.",
        ),
    ] = 7
    chunk_hours: Annotated[
        int,
        Meta(
            ge=1,
            le=8760,
            description="Hours that one chunk spans: queries look at whole chunks, and whole chunks are deleted. The "
            "indexes of the newest should fit into the database's memory.",
        ),
    ] = 24
    rows_max: Annotated[
        int, Meta(ge=1000, le=1_000_000, description="Most rows of readings in one transaction of the store.")
    ] = 50_000
    timeout_s: Annotated[
        float,
        Meta(ge=1, le=3600, description="Time after which a database that does not answer is connected to anew."),
    ] = 60.0


class AdminSection(Struct, frozen=True, kw_only=True):
    """The admin HTTP port: metrics, health and the API."""

    host: Annotated[Text, Meta(description="Address to listen on. Off loopback, `admin.token_file` must be set.")] = (
        "127.0.0.1"
    )
    port: Annotated[Port, Meta(description="TCP port; 0 takes any free one.")] = 8080
    token_file: Annotated[
        Path | None,
        Meta(description="File that holds the bearer token of the API. /metrics, /livez and /readyz need none."),
    ] = None


class CommandsSection(Struct, frozen=True, kw_only=True):
    """Commands to stations, over the API."""

    timeout_s: Annotated[
        float, Meta(gt=0, le=3600, description="Time that a station has to answer a call, unless the client says more.")
    ] = 30.0
    timeout_max_s: Annotated[
        float, Meta(gt=0, le=3600, description="Longest `timeout_s` that a client may ask for.")
    ] = 300.0


class UpkeepSection(Struct, frozen=True, kw_only=True):
    """What the gateway asks of stations by itself."""

    trigger_boot: Annotated[
        bool,
        Meta(
            description="Whether a station that connects but never sent a BootNotification here is asked for one, as "
            "one that booted with another server."
        ),
    ] = True
    boot_wait_s: Annotated[
        float, Meta(ge=1, le=3600, description="How long such a station is waited for before it is asked.")
    ] = 10.0
    reset_unbooted: Annotated[
        bool,
        Meta(
            description="Whether such a station is reset, once nobody charges, if it refuses to send one. A 2.x "
            "station that another server accepted must refuse."
        ),
    ] = False
    read_limits: Annotated[
        bool,
        Meta(
            description="Whether stations are asked how much they take in one message when they connect with a new "
            "firmware. Otherwise they are asked when a command needs it."
        ),
    ] = False
    name_streams: Annotated[
        bool,
        Meta(
            description="Whether a 2.1 station that opens an event stream for a monitor that is not known is asked for "
            "its monitors. Otherwise the readings of such a stream have its number for a name."
        ),
    ] = True
    concurrent_max: Annotated[
        int, Meta(ge=1, le=1000, description="Stations that are attended to at once; the others wait.")
    ] = 16
    starts_per_s: Annotated[
        float, Meta(gt=0, le=10_000, description="Stations that are begun with in a second: a fleet returns at once.")
    ] = 50.0


class QuirkGroup(Struct, frozen=True, kw_only=True):
    """Stations that deviate alike. Of the patterns those that are set must all fit; the first group that fits counts.

    Vendor, model and firmware are those of a station's last BootNotification, so the very first one can only be told by
    `identity`.
    """

    name: Annotated[Text, Meta(description="Name of the group; unique.")]
    identity: Annotated[
        Text | None, Meta(description="Pattern of identities: `*` is any characters, `?` one, `[ab]` one of these.")
    ] = None
    vendor: Annotated[Text | None, Meta(description="Pattern of what the station says is its vendor.")] = None
    model: Annotated[Text | None, Meta(description="Pattern of what the station says is its model.")] = None
    firmware: Annotated[Text | None, Meta(description="Pattern of the firmware version that the station says.")] = None
    enable: Annotated[
        tuple[Text, ...], Meta(description="Quirks beside those that are on by default; see `print quirks`.")
    ] = ()
    disable: Annotated[tuple[Text, ...], Meta(description="Quirks that these stations do not have.")] = ()
    mode: Annotated[
        Literal["on", "shadow", "off"] | None,
        Meta(description="Takes the place of `quirks.mode` in this group, if it is set."),
    ] = None


class QuirksSection(Struct, frozen=True, kw_only=True):
    """What firmwares send against the specification, and whether it is mended: `ocpp-gateway print quirks` lists it."""

    mode: Annotated[
        Literal["on", "shadow", "off"],
        Meta(
            description="Whether what breaks the schema is looked at again with the quirks of the field, `shadow` only "
            "counts what would be mended. A strict station has only the quirks that its group enables."
        ),
    ] = "on"
    group: Annotated[tuple[QuirkGroup, ...], Meta(description="Groups of stations that deviate alike.")] = ()


class ChargingModel(Struct, frozen=True, kw_only=True):
    """How limits hold at stations of a model: the first whose patterns all fit counts."""

    name: Annotated[Text, Meta(description="Name of the group; unique.")]
    vendor: Annotated[Text, Meta(description="Pattern of what the station says is its vendor.")] = "*"
    model: Annotated[Text, Meta(description="Pattern of what the station says is its model.")] = "*"
    firmware: Annotated[Text, Meta(description="Pattern of the version of its firmware.")] = "*"
    leases: Annotated[
        Literal["probe", "trusted", "never"],
        Meta(
            description="Whether limits that are not refreshed are taken to end by themselves: once that was tried "
            "out, without trying, or never."
        ),
    ] = "probe"
    lease_s: Annotated[
        Annotated[float, Meta(ge=30, le=86_400)] | None,
        Meta(description="Takes the place of `charging.lease_s`, if it is set."),
    ] = None
    settle_s: Annotated[
        Annotated[float, Meta(ge=6, le=600)] | None,
        Meta(description="Takes the place of `charging.settle_s`, if it is set."),
    ] = None
    spacing_s: Annotated[
        float, Meta(ge=0, le=3600, description="Least time between two limits, for stations that take them seldom.")
    ] = 0.0


class ChargingSection(Struct, frozen=True, kw_only=True):
    """Smart charging: the sites whose power is shared among their EVSEs, and how limits are handed out."""

    site_files: Annotated[
        tuple[Path, ...], Meta(description="Files of sites: TOML, one a site; read again on SIGHUP.")
    ] = ()
    lease_s: Annotated[
        float,
        Meta(
            ge=30,
            le=86_400,
            description="Time for which a limit holds unless it is refreshed, which happens after a third of it. Each "
            "refresh may cost a station a write to its flash memory.",
        ),
    ] = 600.0
    settle_s: Annotated[
        float,
        Meta(ge=6, le=600, description="Time a vehicle has to follow a limit; IEC 61851-1 allows it 5 s."),
    ] = 10.0
    clock_skew_s: Annotated[
        float, Meta(ge=0, le=3600, description="How far a station's clock may be behind this machine's.")
    ] = 30.0
    probe: Annotated[
        bool,
        Meta(
            description="Whether it is tried out, once for each model and firmware, that a limit that is not refreshed "
            "ends by itself. It holds back one session for a minute. Untried, limits hold until the transaction ends."
        ),
    ] = True
    deadband_a: Annotated[
        float, Meta(ge=0, le=32, description="Changes below this are not sent, unless others need them.")
    ] = 0.5
    model: Annotated[tuple[ChargingModel, ...], Meta(description="Models of stations that differ from this.")] = ()


class LogSection(Struct, frozen=True, kw_only=True):
    """The log: one JSON object a line."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severe events that are written.")
    ] = "info"
    file: Annotated[Path | None, Meta(description="File to append to; by default standard error.")] = None


class DrainSection(Struct, frozen=True, kw_only=True):
    """How the gateway takes leave of its stations when it is asked to stop."""

    grace_s: Annotated[
        float, Meta(ge=0, le=3600, description="Longest time to wait for answers under way and for closing stations.")
    ] = 10.0
    closes_per_s: Annotated[
        float,
        Meta(gt=0, le=1_000_000, description="Connections closed a second: stations must not all return at once."),
    ] = 1000.0


class Config(Struct, frozen=True, kw_only=True):
    """Everything that can be configured."""

    data: DataSection = DataSection()
    listener: ListenerSection = ListenerSection()
    tls: TlsSection = TlsSection()
    stations: StationsSection = StationsSection()
    authorisation: AuthorisationSection = AuthorisationSection()
    clock: ClockSection = ClockSection()
    journal: JournalSection = JournalSection()
    store: StoreSection = StoreSection()
    admin: AdminSection = AdminSection()
    commands: CommandsSection = CommandsSection()
    upkeep: UpkeepSection = UpkeepSection()
    quirks: QuirksSection = QuirksSection()
    charging: ChargingSection = ChargingSection()
    log: LogSection = LogSection()
    drain: DrainSection = DrainSection()
