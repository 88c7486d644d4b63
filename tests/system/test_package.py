"""Facts about what is installed, and about machines on which it cannot be compiled."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.system.process import PROJECT, environment

SOURCES = ("_speedups", "gateway", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy of the project as it is in version control: no compiled code, nothing of a virtual environment."""
    copy = tmp_path_factory.mktemp("source")
    ignored = shutil.ignore_patterns("*.so", "*.c", "__pycache__", "*.egg-info")
    for name in SOURCES:
        original = PROJECT / name
        if original.is_dir():
            shutil.copytree(original, copy / name, ignore=ignored, symlinks=True)
        elif original.exists():
            shutil.copy(original, copy / name)
    return copy


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=environment(PYTHONPATH="", **variables), capture_output=True, text=True, check=False
    )


def built(source: Path, command: str, into: Path) -> Path:
    """Return what the build backend makes: `build_wheel` or `build_sdist`, in this environment."""
    for needed in ("setuptools", "Cython"):
        pytest.importorskip(needed, reason="the build backend is not in this environment")
    script = f"from setuptools.build_meta import {command}; {command}({str(into)!r})"
    ended = run(sys.executable, "-c", script, cwd=source)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(source: Path, tmp_path_factory) -> Path:
    return built(source, "build_sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory) -> Path:
    """The wheel, made from the sdist: whatever that lacks is missed here."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(sdist, unpacked)
    (folder,) = unpacked.iterdir()
    return built(folder, "build_wheel", tmp_path_factory.mktemp("wheel"))


def test_the_sdist_holds_the_sources_of_the_compiled_code(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    sources = {f"_speedups/{source.name}" for source in (PROJECT / "_speedups").glob("*.py[xd]")}
    assert sources
    assert sources <= names
    assert {"setup.py", "pyproject.toml", "LICENSE", "README.md"} <= names


def test_the_wheel_puts_nothing_but_gateway_in_site_packages(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gateway"}
    assert len(tops) == 2
    compiled = {Path(name).name.partition(".")[0] for name in names if name.endswith(".so")}
    assert compiled == {source.stem for source in (PROJECT / "_speedups").glob("*.pyx")}
    assert "gateway/py.typed" in names
    assert not [name for name in names if name.endswith((".pyx", ".c"))]


def test_the_wheel_works_where_the_project_is_not(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    script = "import gateway.hot; print(gateway.hot.FrameReader.__module__, gateway.__file__)"
    ended = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(tmp_path / "site")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"gateway._speedups.frames {tmp_path / 'site' / 'gateway' / '__init__.py'}\n"


def test_a_missing_compiler_is_told_in_one_line(tmp_path):
    ended = run(sys.executable, str(PROJECT / "setup.py"), "toolchain", cwd=tmp_path, PATH=str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "compiler" in ended.stderr


def test_missing_headers_are_told_in_one_line(tmp_path):
    """A Python whose include directory is empty, as without python3-dev."""
    script = (
        "import runpy, sys, sysconfig; get = sysconfig.get_path;"
        f"sysconfig.get_path = lambda name, *rest: {str(tmp_path)!r} if name == 'include' else get(name, *rest);"
        f"sys.argv = ['setup.py', 'toolchain']; runpy.run_path({str(PROJECT / 'setup.py')!r}, run_name='__main__')"
    )
    ended = run(sys.executable, "-c", script, cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "headers" in ended.stderr


def test_a_complete_toolchain_says_nothing(tmp_path):
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        pytest.skip("there is no C compiler on this machine")
    ended = run(sys.executable, str(PROJECT / "setup.py"), "toolchain", cwd=tmp_path, PATH=os.environ["PATH"])
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
