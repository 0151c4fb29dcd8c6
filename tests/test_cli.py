"""The ``zmqbind`` command: run as users run it."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import zmqbind

CAPABILITIES = {"ipc", "curve", "gssapi", "pgm", "tipc", "norm", "ws", "wss", "draft", "vmci"}
MAIN = "from zmqbind.cli import main; main(sys.argv[1:])"
WITHOUT_RICH = f"import sys; sys.modules['rich'] = None; {MAIN}"


def run(command, *arguments):
    """Run a command line as a child process; return it, finished."""
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60)


def script():
    """The installed console script."""
    name = "zmqbind.exe" if os.name == "nt" else "zmqbind"
    return [str(Path(sysconfig.get_path("scripts"), name))]


@pytest.fixture(params=["module", "script"])
def command(request):
    """Both ways to start the command."""
    return script() if request.param == "script" else [sys.executable, "-m", "zmqbind"]


def test_no_argument_prints_help(command):
    done = run(command)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: zmqbind ")
    assert "info" in done.stdout


def test_version(command):
    done = run(command, "--version")
    assert (done.returncode, done.stdout) == (0, f"zmqbind {zmqbind.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [(["nope"], "nope"), (["--nope"], "--nope"), (["info", "--jso"], "--jso"), (["info", "nope"], "nope")],
)
def test_bad_argument_is_named_in_one_line(command, arguments, culprit):
    done = run(command, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert culprit in line


def test_info_as_json(command):
    done = run(command, "info", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    info = json.loads(done.stdout)
    assert info["zmqbind"] == zmqbind.__version__
    assert info["pyzmq_api"] == zmqbind.pyzmq_version()
    assert info["libzmq"] == zmqbind.zmq_version()
    assert info["python"].endswith(sys.version.split()[0].rstrip("+"))
    assert info["capabilities"] == {name: zmqbind.has(name) for name in CAPABILITIES}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_info_tells_the_library_that_is_really_loaded():
    code = f"import sys; {MAIN}; print(open('/proc/self/maps').read())"
    done = run([sys.executable, "-c", code], "info", "--json")
    info, end = json.JSONDecoder().raw_decode(done.stdout)
    loaded = {line.split(maxsplit=5)[5] for line in done.stdout[end:].splitlines() if line.count("/")}
    path = info["libzmq_path"]
    assert os.path.realpath(path) in loaded
    assert "zmq" in os.path.basename(path) or "_core" in os.path.basename(path)


@pytest.mark.parametrize("start", [script(), [sys.executable, "-c", WITHOUT_RICH]], ids=["rich", "plain"])
def test_info_for_people(start):
    done = run(start, "info")
    assert (done.returncode, done.stderr) == (0, "")
    for value in (zmqbind.__version__, zmqbind.zmq_version(), zmqbind.pyzmq_version(), *CAPABILITIES):
        assert value in done.stdout


def test_info_is_a_table_only_with_rich():
    pytest.importorskip("rich")
    with_rich = run(script(), "info").stdout
    without = run([sys.executable, "-c", WITHOUT_RICH], "info").stdout
    assert with_rich.splitlines()[0].strip("┌─┬┐+- ") == ""
    assert without.splitlines()[0].split() == ["zmqbind", zmqbind.__version__]


def test_json_needs_no_rich():
    code = f"import sys; {MAIN}; assert 'rich' not in sys.modules"
    assert run([sys.executable, "-c", code], "info", "--json").returncode == 0


needs_curve = pytest.mark.skipif(not zmqbind.has("curve"), reason="libzmq has no CURVE")


@needs_curve
def test_keygen_prints_keys(command):
    done = run(command, "keygen")
    assert (done.returncode, done.stderr) == (0, "")
    (public_label, public), (secret_label, secret) = (line.split(": ") for line in done.stdout.splitlines())
    assert (public_label, secret_label) == ("public key", "secret key")
    assert zmqbind.curve_public(secret) == public.encode()


@needs_curve
def test_keygen_writes_certificates_once(command, tmp_path):
    from zmqbind.auth import load_certificate

    done = run(command, "keygen", "--output", str(tmp_path), "alice", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    files = json.loads(done.stdout)
    assert files == {"public_file": str(tmp_path / "alice.key"), "secret_file": str(tmp_path / "alice.key_secret")}
    public, secret = load_certificate(files["secret_file"])
    assert zmqbind.curve_public(secret) == public
    done = run(command, "keygen", "alice", "--output", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "alice.key_secret" in done.stderr.splitlines()[0]
    assert load_certificate(files["secret_file"]) == (public, secret)


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [(["../x"], "../x"), (["x", "--output", "/nowhere"], "/nowhere"), (["--output", "/tmp"], "--output")],
)
def test_keygen_says_what_is_wrong_in_one_line(arguments, culprit):
    done = run(script(), "keygen", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert culprit in line
