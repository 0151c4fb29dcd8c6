"""CURVE certificates: made, read back, and refused."""

from __future__ import annotations

import importlib.util
import json
import os
import stat
import subprocess
import sys
import textwrap
import threading

import pytest

import zmqbind as zmq
from zmqbind.auth import create_certificates, load_certificate, load_certificates, zpl
from zmqbind.utils import z85

posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
needs_curve = pytest.mark.skipif(not zmq.has("curve"), reason="libzmq has no CURVE")
KEY = z85.encode(bytes(range(32))).decode()
OTHER = z85.encode(bytes(range(1, 33))).decode()


@needs_curve
def test_made_and_read_back(tmp_path):
    public_file, secret_file = create_certificates(tmp_path, "alice", {"email": "alice@example.org", "x.y": 'say "hi"'})
    assert (public_file, secret_file) == (str(tmp_path / "alice.key"), str(tmp_path / "alice.key_secret"))
    public, secret = load_certificate(secret_file)
    assert load_certificate(public_file) == (public, None)
    assert zmq.curve_public(secret) == public
    assert secret.decode() not in (tmp_path / "alice.key").read_text()
    for file in (public_file, secret_file):
        with open(file) as opened:
            values = zpl.loads(opened.read())
        assert values["metadata/email"] == "alice@example.org"
        assert values["metadata/x.y"] == 'say "hi"'
    create_certificates(tmp_path, "bob")
    assert load_certificates(tmp_path) == {public: True, load_certificate(tmp_path / "bob.key")[0]: True}


def test_hidden_files_are_no_certificates(tmp_path):
    (tmp_path / "alice.key").write_text(f'curve\n    public-key = "{KEY}"\n')
    (tmp_path / ".bob.key").write_text(f'curve\n    public-key = "{OTHER}"\n')
    (tmp_path / "._alice.key").write_bytes(b"\x00\x05\x16\x07")
    assert load_certificates(tmp_path) == {KEY.encode(): True}


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c", "\r"])
def test_only_a_line_feed_ends_a_line(separator):
    """What else Python takes for an end of a line may stand in a name that somebody has given himself."""
    value = f"x{separator}curve{separator}  public-key = other"
    text = f'curve\r\n  public-key = "{KEY}"\r\n\r\nmetadata\n  name = {value}\n'
    assert zpl.loads(text) == {"curve/public-key": KEY, "metadata/name": value}


@needs_curve
@posix_only
def test_the_secret_file_is_its_owners_from_the_first_moment(tmp_path):
    """Whatever the umask: what another process could open is told by the mode at creation."""
    code = """
        import os, sys
        from zmqbind.auth import certs
        os.umask(0)
        modes = []
        def audit(event, args):
            if event == "open" and str(args[0]).startswith(sys.argv[1]):
                modes.append((os.path.basename(args[0]), oct(args[2] & (os.O_EXCL | os.O_CREAT | os.O_NOFOLLOW))))
        sys.addaudithook(audit)
        real = os.open
        def opened(path, flags, mode=0o777):
            descriptor = real(path, flags, mode)
            print(os.path.basename(path), oct(os.fstat(descriptor).st_mode & 0o777))
            return descriptor
        os.open = opened
        certs.create_certificates(sys.argv[1], "alice")
        expected = oct(os.O_EXCL | os.O_CREAT | os.O_NOFOLLOW)
        assert modes == [("alice.key_secret", expected), ("alice.key", expected)], modes
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), tmp_path], capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "alice.key_secret 0o600\nalice.key 0o644\n", done.stderr
    assert stat.S_IMODE(os.stat(tmp_path / "alice.key_secret").st_mode) == 0o600


@needs_curve
@pytest.mark.parametrize("there", ["alice.key", "alice.key_secret"])
@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_nothing_is_overwritten(tmp_path, there, kind):
    target = tmp_path / "target"
    if kind == "file":
        (tmp_path / there).write_text("mine")
    else:
        if kind == "link":
            target.write_text("mine")
        (tmp_path / there).symlink_to(target)
    with pytest.raises(FileExistsError, match=there):
        create_certificates(tmp_path, "alice")
    assert {file.name for file in tmp_path.iterdir()} <= {there, "target"}
    assert target.exists() == (kind == "link")
    if kind != "dangling link":
        assert (tmp_path / there).read_text() == "mine"


@needs_curve
def test_of_many_that_make_the_same_one_succeeds(tmp_path):
    made, barrier = [], threading.Barrier(8)

    def make():
        barrier.wait()
        try:
            made.append(create_certificates(tmp_path, "alice"))
        except FileExistsError:
            pass

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    public, secret = load_certificate(tmp_path / "alice.key_secret")
    assert load_certificate(tmp_path / "alice.key")[0] == public == zmq.curve_public(secret)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/tmp/x", "../x", "a\0b", ".hidden"])
def test_bad_names(tmp_path, name):
    with pytest.raises(ValueError, match="name"):
        create_certificates(tmp_path, name)
    assert not list(tmp_path.iterdir())


@needs_curve
@pytest.mark.parametrize(
    "metadata", [{"a b": "x"}, {"": "x"}, {"a": "line\nbreak"}, {"a": "\"both'"}, {"a\ncurve": "x"}, {"a": "nul\0"}]
)
def test_bad_metadata(tmp_path, metadata):
    """What would not be read back as it is, or could add a key."""
    with pytest.raises(ValueError):
        create_certificates(tmp_path, "alice", metadata)
    assert not list(tmp_path.iterdir())


@needs_curve
def test_a_directory_that_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        create_certificates(tmp_path / "nowhere", "alice")
    with pytest.raises(OSError, match="nowhere"):
        load_certificates(tmp_path / "nowhere")
    with pytest.raises(OSError, match="nowhere"):
        load_certificate(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text",
    [
        f'curve\n    public-key = "{KEY}"\n',
        f"curve\n    public-key = '{KEY}'",
        f'# x\n\ncurve # y\n    # z\n    public-key="{KEY}" # comment\r\n',
        f'curve\n\tpublic-key = "{KEY}"\n',
        f'curve\n public-key =   "{KEY}"\n',
        f'metadata\n    curve = "x"\n    public-key = "y"\ncurve\n    public-key = "{KEY}"\n',
        f'curve\n    public-key = "{OTHER}"\n    public-key = "{KEY}"\n',
    ],
)
def test_certificates_that_can_be_read(tmp_path, text):
    file = tmp_path / "x.key"
    file.write_text(text)
    assert load_certificate(file) == (KEY.encode(), None)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no public key"),
        (b"curve\n", "no public key"),
        (f'public-key = "{KEY}"\n'.encode(), "no public key"),
        (f'curve\nmetadata\n    public-key = "{KEY}"\n'.encode(), "no public key"),
        (f'curve\n    secret-key = "{KEY}"\n'.encode(), "no public key"),
        (b'curve\n    public-key = "short"\n', "the public key is not a key"),
        (f'curve\n    public-key = "{KEY}0"\n'.encode(), "the public key is not a key"),
        (f'curve\n    public-key = "{KEY}\n'.encode(), "line 2: the closing"),
        (
            f'curve\n    public-key = "{KEY}"\n    secret-key = "{OTHER[:-1]}~"\n'.encode(),
            "the secret key is not a key",
        ),
        (b"no name here\n", "line 1: expected a name"),
        (b"\xff\xfe\x00", "not a text file"),
        (b"#" * 70_000, "too large"),
    ],
)
def test_certificates_that_cannot_be_read(tmp_path, content, complaint):
    file = tmp_path / "x.key"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"x\.key: {complaint}") as caught:
        load_certificate(file)
    assert OTHER[:-1] not in str(caught.value)


@posix_only
def test_a_pipe_and_a_directory_are_no_certificates(tmp_path):
    os.mkfifo(tmp_path / "pipe.key")
    (tmp_path / "directory.key").mkdir()
    for name in ("pipe.key", "directory.key"):
        with pytest.raises((ValueError, OSError), match=name):
            load_certificate(tmp_path / name)


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o610])
def test_a_warning_of_secrets_that_others_can_get_at(tmp_path, mode):
    file = tmp_path / "x.key_secret"
    file.write_text(f'curve\n    public-key = "{KEY}"\n    secret-key = "{OTHER}"\n')
    file.chmod(mode)
    with pytest.warns(UserWarning, match=r"x\.key_secret .*chmod 600"):
        assert load_certificate(file) == (KEY.encode(), OTHER.encode())
    file.chmod(0o600)
    assert load_certificate(file) == (KEY.encode(), OTHER.encode())


@needs_curve
def test_certificates_of_pyzmq_and_for_it(tmp_path):
    if not importlib.util.find_spec("zmq"):
        pytest.skip("PyZMQ is not installed")
    create_certificates(tmp_path, "ours", {"name": "Alice"})
    code = """if True:
        import json, sys
        from zmq import auth
        auth.create_certificates(sys.argv[1], "theirs", {"name": "Bob"})
        files = [f"{sys.argv[1]}/{name}.{kind}" for name in ("ours", "theirs") for kind in ("key", "key_secret")]
        print(json.dumps([[part and part.decode() for part in auth.load_certificate(file)] for file in files]))
    """
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, timeout=30)
    seen_by_them = json.loads(done.stdout)
    (tmp_path / "theirs.key_secret").chmod(0o600)
    seen_by_us = [
        [part and part.decode() for part in load_certificate(tmp_path / f"{name}.{kind}")]
        for name in ("ours", "theirs")
        for kind in ("key", "key_secret")
    ]
    assert seen_by_us == seen_by_them
