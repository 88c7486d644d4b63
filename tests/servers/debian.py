"""PostgreSQL with TimescaleDB from Debian's packages, unpacked into a private folder: nothing is installed.

The machine's own mirror and key are used, with the suite that has the packages. Each program becomes a wrapper that
starts it with the loader and the libraries of the same folder, so that it runs on an older Debian too.
"""

import fcntl
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SUITE = "trixie"

POSTGRES = 17

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

COMMAND_S_MAX = 300
"""Longest time for one command of apt: some 60 MB from the mirror."""

UNNEEDED = re.compile(
    "perl|libperl|lib[a-z-]*-perl|perl-|debconf|libdebconf|postgresql-(client-)?common|locales|libc-l10n|libllvm|libz3"
    "|adduser|passwd|login|base-|init-system|sysvinit|ucf|ssl-cert|openssl|procps|libproc2|sensible|netbase|libdb5"
    "|libgdbm|libsem|libsepol|readline-common|gcc-|libaudit-common|libpam-modules|libncurses|libbsd|libmd0|libjson"
    "|libc-bin"
)
"""Beginnings of names of packages that only maintainer scripts, the JIT and the locale generator use."""

WRAPPER = """#!/bin/sh
exec '{loader}' --inhibit-cache --argv0 '{program}' --library-path '{libraries}' '{real}' "$@"
"""


class UnavailableError(Exception):
    """There is no such server on this machine, and none can be had. The text says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as: PostgreSQL refuses to be root."""

    user: int
    group: int

    @classmethod
    def chosen(cls) -> "Account":
        if os.getuid() != 0:
            return cls(os.getuid(), os.getgid())
        try:
            entry = pwd.getpwnam("postgres")
        except KeyError:
            entry = pwd.getpwnam("nobody")
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def popen(self) -> dict[str, object]:
        """Arguments with which `subprocess` runs a program as this account."""
        return {"user": self.user, "group": self.group, "extra_groups": []} if os.getuid() == 0 else {}


def cache_folder() -> Path:
    """Return the folder that keeps what was unpacked, readable for the account that runs the servers.

    `GATEWAY_TEST_CACHE` names another. Root's home is closed to others, so root uses /var/tmp.
    """
    home = Path("/var/tmp") if os.getuid() == 0 else Path.home() / ".cache"
    folder = Path(os.environ.get("GATEWAY_TEST_CACHE") or home / "ocpp-gateway-tests").absolute()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    return folder


def postgres_programs() -> Path:
    """Return the folder with `postgres`, `initdb`, `psql`, `pg_dump`, ...; unpack it the first time.

    Raises UnavailableError where apt or a Debian mirror is missing.
    """
    cache = cache_folder()
    tree = cache / f"{SUITE}-postgresql-{POSTGRES}"
    programs = tree / f"usr/lib/postgresql/{POSTGRES}/bin"
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run of the tests may be unpacking
        if not (tree / ".ready").exists():
            _unpack(cache, tree, programs)
    reached = subprocess.run([programs / "postgres", "--version"], capture_output=True, **Account.chosen().popen)
    if reached.returncode:
        raise UnavailableError(f"the server's account cannot run {programs}/postgres: set GATEWAY_TEST_CACHE")
    return programs


def _unpack(cache: Path, tree: Path, programs: Path) -> None:
    for program in ("apt-get", "dpkg", "dpkg-deb"):
        if shutil.which(program) is None:
            raise UnavailableError(f"there is no {program} here")
    work = cache / ".apt"
    unpacked = cache / ".unpacked"
    for folder in (work, unpacked, tree):
        shutil.rmtree(folder, ignore_errors=True)
    archives = work / "archives"
    for folder in (unpacked, archives, work / "state/lists/partial", work / "cache/archives/partial"):
        folder.mkdir(parents=True)
    apt = [*_apt_get(work), "--quiet=2"]
    _run(*apt, "update")
    _run(*apt, "download", *_packages(apt), cwd=archives)
    for archive in sorted(archives.glob("*.deb")):
        _run("dpkg-deb", "-x", str(archive), str(unpacked))
    _trim(unpacked)
    _wrap(unpacked, tree, programs)
    unpacked.rename(tree)
    (tree / ".ready").touch()
    shutil.rmtree(work)


def _apt_get(work: Path) -> list[str]:
    """Return an apt-get that knows only the suite and keeps all its files in `work`."""
    listed = _run("apt-get", "update", "--print-uris")
    mirror = re.search(r"^'([^']*/debian)/+dists/", listed, re.MULTILINE)
    if mirror is None or not KEYRING.exists():
        raise UnavailableError("no Debian mirror among apt's sources")
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror[1]} {SUITE} main\n")
    (work / "status").touch()
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": work / "state",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
        "Acquire::Retries": 5,
        "APT::Install-Recommends": 0,
        "APT::Sandbox::User": "root",
        "APT::Architecture": _run("dpkg", "--print-architecture").strip(),
    }
    return ["apt-get", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]


def _packages(apt: list[str]) -> list[str]:
    """Return the names of all packages that the server needs, libc and all."""
    plan = _run(*apt, "--simulate", "install", f"postgresql-{POSTGRES}-timescaledb")
    names = re.findall(r"^Inst (\S+)", plan, re.MULTILINE)
    return [name for name in names if not UNNEEDED.match(name)]


def _trim(unpacked: Path) -> None:
    for name in ("doc", "man", "locale", "lintian", "bash-completion", "info"):
        shutil.rmtree(unpacked / "usr/share" / name, ignore_errors=True)
    libraries = unpacked / f"usr/lib/postgresql/{POSTGRES}/lib"
    for needless in [libraries / "bitcode", *libraries.glob("llvmjit*")]:
        shutil.rmtree(needless) if needless.is_dir() else needless.unlink()


def _wrap(unpacked: Path, tree: Path, programs: Path) -> None:
    """Put a wrapper before each program; paths in it are those of `tree`, where the folder ends up."""
    loader = tree / next(unpacked.rglob("ld-linux*.so.*")).relative_to(unpacked)
    libraries = tree / next(unpacked.rglob("libc.so.6")).relative_to(unpacked).parent
    here = unpacked / programs.relative_to(tree)
    (here / ".real").mkdir()
    for program in [path for path in here.iterdir() if path.is_file()]:
        name = program.name
        program.rename(here / ".real" / name)
        program.write_text(
            WRAPPER.format(loader=loader, program=programs / name, libraries=libraries, real=programs / ".real" / name)
        )
        program.chmod(0o755)


def _run(*command: str, cwd: Path | None = None) -> str:
    """Return what a command prints. Raises UnavailableError with its last words if it fails."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{command[0]} does not work here: {error}") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise UnavailableError(f"{command[0]} failed: {last}")
    return done.stdout
