"""Where the bundled build takes sources from, and what it says when it gets none."""

import bz2
import dataclasses
import functools
import gzip
import http.server
import io
import lzma
import os
import re
import socket
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

from buildtools import bundle, sources

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def no_choice(monkeypatch):
    """Whoever runs the tests may have chosen sources, or a proxy that knows nothing of this machine's servers."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv(sources.LIBZMQ.variable, raising=False)
    monkeypatch.delenv(sources.LIBSODIUM.variable, raising=False)


@pytest.fixture
def tree(tmp_path):
    """A directory that has what every source of libzmq has."""
    marker = tmp_path / "zeromq-4.3.5" / sources.LIBZMQ.marker
    marker.parent.mkdir(parents=True)
    marker.write_text("// zmq.h\n")
    return tmp_path / "zeromq-4.3.5"


@pytest.fixture
def tarball(tmp_path, tree):
    file = tmp_path / "zeromq-4.3.5.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.add(tree, tree.name)
    return file


@pytest.fixture
def served(tarball):
    """``served(**changes)``: libzmq as a server on this machine has it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=tarball.parent)
    ) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/{tarball.name}"
        right = {"url": url, "sha256": sources.digest(tarball)}
        yield lambda **changes: dataclasses.replace(sources.LIBZMQ, **{**right, **changes})
        server.shutdown()
        thread.join()


def read_marker(directory):
    return (directory / sources.LIBZMQ.marker).read_text()


def test_download(served, tmp_path, capsys):
    source = served()
    assert read_marker(source.unpack(tmp_path / "scratch")) == "// zmq.h\n"
    assert source.url in capsys.readouterr().out


@pytest.fixture(autouse=True)
def scratch(tmp_path):
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def test_download_with_another_checksum_is_not_used(served, scratch):
    with pytest.raises(SystemExit) as stopped:
        served(sha256="0" * 64).unpack(scratch)
    assert not isinstance(stopped.value, sources.DownloadFailed)
    assert f"it should be {'0' * 64}" in str(stopped.value)
    assert "set ZMQBIND_LIBZMQ_SOURCE to a directory or tarball" in str(stopped.value)
    assert "without ZMQBIND_LIBZMQ=bundled" in str(stopped.value)
    assert not (scratch / "libzmq").exists()


@pytest.mark.parametrize("path", ["missing.tar.gz", None], ids=["404", "no server"])
def test_download_that_fails(served, scratch, path):
    source = served()
    url = source.url.replace("zeromq-4.3.5.tar.gz", path) if path else "http://127.0.0.1:1/zeromq.tar.gz"
    with pytest.raises(sources.DownloadFailed) as stopped:
        dataclasses.replace(source, url=url).unpack(scratch)
    first, *ways_out = str(stopped.value).strip().splitlines()
    assert first.startswith(f"{url} could not be downloaded (")
    assert "ZMQBIND_LIBZMQ_SOURCE" in ways_out[0]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"nonsense\r\n", "BadStatusLine"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!", "IncompleteRead"),
        (b"", "closed connection"),
    ],
    ids=["no-http", "half", "nothing"],
)
def test_server_that_breaks_off(scratch, answer, reason):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        source = dataclasses.replace(sources.LIBZMQ, url=f"http://127.0.0.1:{server.getsockname()[1]}/zeromq.tar.gz")
        with pytest.raises(sources.DownloadFailed, match=f"could not be downloaded .*{reason}"):
            source.unpack(scratch)
        thread.join(20)


def test_only_a_failed_download_has_the_status_that_leads_to_other_sources(monkeypatch, capsys):
    def fail(prefix):
        raise sources.DownloadFailed("no answer")

    monkeypatch.setattr(bundle, "build", fail)
    with pytest.raises(SystemExit) as stopped:
        bundle.main(["prefix"])
    assert stopped.value.code == bundle.NOT_DOWNLOADED
    assert capsys.readouterr().err == "no answer\n"


def test_the_official_release_is_the_one_that_is_meant():
    assert sources.LIBZMQ.version in sources.LIBZMQ.url
    assert sources.LIBZMQ.sha256 == "6653ef5910f17954861fe72332e68b03ca6e4d9c7160eb3a8de5a5a913bfab43"


@pytest.mark.parametrize("form", ["tree", "tarball"])
def test_a_source_of_ones_own(form, request, scratch, monkeypatch):
    path = request.getfixturevalue(form)
    monkeypatch.setenv("ZMQBIND_LIBZMQ_SOURCE", str(path))
    copy = sources.LIBZMQ.unpack(scratch)
    assert read_marker(copy) == "// zmq.h\n"
    assert scratch in copy.parents  # the user's own stays as it is


def test_identity_changes_with_the_source(tree, monkeypatch):
    official = sources.LIBZMQ.identity()
    monkeypatch.setenv("ZMQBIND_LIBZMQ_SOURCE", str(tree))
    own = sources.LIBZMQ.identity()
    (tree / sources.LIBZMQ.marker).write_text("// another\n")
    assert len({official, own, sources.LIBZMQ.identity()}) == 3


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "there is no such file or directory"),
        (lambda path: path.write_bytes(b"no tarball"), "this is not a tarball"),
        (lambda path: path.mkdir(), "this is not the source of libzmq, as it has no include/zmq.h"),
    ],
    ids=["missing", "not-a-tarball", "not-libzmq"],
)
def test_a_source_that_is_none(make, reason, scratch, monkeypatch):
    path = scratch / "mine"
    make(path)
    monkeypatch.setenv("ZMQBIND_LIBZMQ_SOURCE", str(path))
    with pytest.raises(SystemExit, match=reason) as stopped:
        sources.LIBZMQ.unpack(scratch)
    assert str(path) in str(stopped.value)


def test_a_relative_path_that_is_missing_is_shown_in_full(scratch, monkeypatch):
    monkeypatch.chdir(scratch)
    monkeypatch.setenv("ZMQBIND_LIBZMQ_SOURCE", "mine")
    with pytest.raises(SystemExit, match=re.escape(f"({scratch}/mine)")):
        sources.LIBZMQ.unpack(scratch)


def damaged_header(data):
    """With a second header that its own checksum does not fit."""
    plain = bytearray(gzip.decompress(data))
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        plain[archive.getmembers()[1].offset] ^= 1
    return gzip.compress(bytes(plain))


@pytest.mark.parametrize(
    "harm",
    [
        damaged_header,
        lambda data: data[:-8] + bytes(4) + data[-4:],
        lambda data: data[: len(data) // 2],
        lambda data: gzip.compress(gzip.decompress(data)[:1536]),
        lambda data: data[:20] + bytes(10) + data[30:],
        lambda data: lzma.compress(gzip.decompress(data))[:-40],
        lambda data: bz2.compress(gzip.decompress(data))[:-10],
    ],
    ids=["header", "crc", "half", "no-end", "deflate", "xz", "bz2"],
)
def test_a_damaged_tarball_is_refused(harm, tarball, scratch, monkeypatch):
    tarball.write_bytes(harm(tarball.read_bytes()))
    monkeypatch.setenv("ZMQBIND_LIBZMQ_SOURCE", str(tarball))
    with pytest.raises(SystemExit, match="this is not a tarball, or not a whole one"):
        sources.LIBZMQ.unpack(scratch)
    assert not (scratch / "libzmq").exists()


def test_programs_that_are_missing_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bundle.requirements() == list(bundle.PROGRAMS_FROM_PYPI.values())
    with pytest.raises(SystemExit, match=r"needs \S+, \S+, make, cmake, ninja, pkg-config"):
        bundle.check_programs()


def test_the_backend_asks_for_what_is_missing_only_where_libzmq_is_built(tmp_path):
    code = "from buildtools import backend; print(backend.get_requires_for_build_wheel())"
    for value, wanted in (("bundled", True), ("", False)):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PATH": str(tmp_path), "ZMQBIND_LIBZMQ": value},
            capture_output=True,
            text=True,
            timeout=50,
        )
        assert done.returncode == 0, done.stderr
        assert ("ninja" in done.stdout.splitlines()[-1]) is wanted


def test_usage(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "buildtools.bundle"], cwd=ROOT, capture_output=True, text=True, timeout=50
    )
    assert (done.returncode, done.stderr) == (1, "usage: python -m buildtools.bundle PREFIX\n")
