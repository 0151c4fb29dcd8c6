"""The bundled build, without building: which compilers it takes, and what it does to the prefix it is given."""

import os
import shutil
import sys

import pytest

from buildtools import bundle, prefixes, toolchain

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="libzmq is not built there")


@pytest.fixture
def installed(tmp_path):
    """What the two libraries install."""
    root = tmp_path / "installed"
    for name in ("include/zmq.h", "lib/libzmq.a", "lib/pkgconfig/libzmq.pc", "share/licenses/libzmq/LICENSE.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.fixture
def compilers(tmp_path, monkeypatch):
    """``compilers(CC=..., CXX=...)``: set the variables to programs that print this for ``__VERSION__``."""

    def install(**kinds):
        for variable in ("CC", "CXX"):
            monkeypatch.delenv(variable, raising=False)
        for variable, version in kinds.items():
            program = tmp_path / variable
            program.write_text(f"#!/bin/sh\necho '\"{version}\"'\n")
            program.chmod(0o755)
            monkeypatch.setenv(variable, str(program))

    return install


@pytest.mark.parametrize("name", ["prefix", "a prefix/with spaces"])
def test_a_prefix_is_published_whole_and_replaced(installed, tmp_path, name):
    prefix = tmp_path / name
    for record in ({"lto": []}, {"lto": ["-flto"]}):
        prefixes.publish(installed, record, prefix)
        assert prefixes.read_record(prefix) == record
        assert sorted(file.name for file in prefix.rglob("*") if file.is_file()) == [
            "LICENSE.txt",
            "libzmq.a",
            "zmq.h",
            "zmqbind.json",
        ]
        assert [entry.name for entry in prefix.parent.iterdir() if entry != installed] == [prefix.name]


def test_an_empty_directory_is_taken(installed, tmp_path):
    (tmp_path / "prefix").mkdir()
    prefixes.publish(installed, {}, tmp_path / "prefix")
    assert (tmp_path / "prefix/include/zmq.h").is_file()


@pytest.mark.parametrize("place", ["directory", "file"])
def test_nothing_of_others_is_deleted(tmp_path, place):
    precious = tmp_path / "home/diary.txt"
    precious.parent.mkdir()
    precious.write_text("Dear diary")
    with pytest.raises(SystemExit, match=r"exists and has no share/zmqbind\.json"):
        bundle.build(precious.parent if place == "directory" else precious)
    assert precious.read_text() == "Dear diary"


def test_a_prefix_that_cannot_be_written_is_said_in_a_line(installed, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="could not be written"):
        prefixes.publish(installed, {}, tmp_path / "file/prefix")


@pytest.mark.parametrize("text", ["", "{", "\ufffe", '{"lto": '])
def test_a_damaged_record_counts_as_none(tmp_path, text):
    (tmp_path / prefixes.RECORD).parent.mkdir()
    (tmp_path / prefixes.RECORD).write_bytes(text.encode("utf-16"))
    assert prefixes.read_record(tmp_path) is None


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("On", True), ("", False), ("false", False), ("no", False)])
def test_drafts(monkeypatch, value, wanted):
    monkeypatch.setenv(bundle.DRAFTS, value)
    assert bundle.drafts() is wanted


def test_drafts_by_another_word(monkeypatch):
    monkeypatch.setenv(bundle.DRAFTS, "perhaps")
    with pytest.raises(SystemExit, match="ZMQBIND_LIBZMQ_DRAFTS=perhaps: this should be 1 or 0"):
        bundle.drafts()


def test_temporary_directory_with_a_space():
    bundle.check_scratch("/tmp/zmqbind-_x7")
    with pytest.raises(SystemExit, match="needs a TMPDIR without spaces"):
        bundle.check_scratch("/tmp/a b/zmqbind-_x7")


@pytest.mark.parametrize(
    ("kinds", "problem"),
    [
        ({"CC": "12.2.0"}, "Of CC and CXX only one is set"),
        ({"CXX": "12.2.0"}, "Of CC and CXX only one is set"),
        ({"CC": "Clang 14.0.6", "CXX": "12.2.0"}, "not of one kind"),
    ],
)
def test_compilers_that_do_not_belong_together(compilers, kinds, problem):
    compilers(**kinds)
    with pytest.raises(SystemExit, match=problem) as stopped:
        toolchain.versions()
    assert "CC=clang CXX=clang++" in str(stopped.value)


def test_the_record_changes_with_the_compiler(compilers):
    compilers(CC="12.2.0", CXX="12.2.0")
    assert toolchain.versions() == ["12.2.0", '"12.2.0"', '"12.2.0"']


@pytest.mark.skipif(not shutil.which("cc") or not shutil.which("c++"), reason="needs a compiler")
def test_real_compilers(monkeypatch):
    monkeypatch.setenv("CC", "cc -pipe")
    monkeypatch.setenv("CXX", "c++")
    assert all(toolchain.versions())
    assert toolchain.environment()["CC"] == os.environ["CC"]


def test_a_missing_cxx_compiler_is_found_before_anything_is_built(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", sys.executable)
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SystemExit, match="needs no-such-compiler"):
        bundle.build(tmp_path / "prefix")
