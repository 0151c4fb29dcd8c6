"""Fixtures shared by the tests: contexts, sockets, connected pairs and child interpreters."""

from __future__ import annotations

import contextlib
import socket as network
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import zmqbind as zmq

# Beside an installed package there are no sources to test.
if not Path(__file__).resolve().parents[1].joinpath("setup.py").exists():
    about_sources = ["build", "bundle", "cibuildwheel", "docs", "fault_points", "generated", "licenses", "packaging"]
    collect_ignore = [f"test_{name}.py" for name in [*about_sources, "sources"]]

TRANSPORTS = ("inproc", "ipc", "tcp")
DESCRIPTORS = 2048  # hundreds of sockets are open at a time, each with one descriptor or more


def pytest_configure():
    """Have as many descriptors as that, whatever the shell allows (macOS: 256), if the system does."""
    try:
        import resource
    except ImportError:  # Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@pytest.fixture
def context():
    """A fresh context, destroyed without lingering when the test ends."""
    context = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.fixture
def make_socket(context):
    """``make_socket(type, **options)``: a socket of `context`, its options set by attribute.
    It is closed when the test ends.
    """
    sockets = []

    def make(socket_type, **options):
        socket = context.socket(socket_type)
        sockets.append(socket)
        for name, value in options.items():
            setattr(socket, name, value)
        return socket

    yield make
    for socket in sockets:
        # If a test has failed, a thread may still be blocked in one: that is for the context to end.
        with contextlib.suppress(zmq.ConcurrentUseError):
            socket.close(linger=0)


@pytest.fixture
def raises_errno():
    """``raises_errno(number, match=None)``: `pytest.raises` for a `ZMQError` that has this error number."""

    @contextlib.contextmanager
    def raises(number, match=None):
        with pytest.raises(zmq.ZMQError, match=match) as caught:
            yield caught
        assert caught.value.errno == number

    return raises


@pytest.fixture(params=TRANSPORTS)
def transport(request):
    """Each of the transports that need nothing but this machine."""
    return request.param


@pytest.fixture
def endpoint_for(tmp_path):
    """``endpoint_for(transport)``: an endpoint to bind that no other test uses."""
    count = 0

    def endpoint(transport):
        nonlocal count
        count += 1
        return {
            "inproc": f"inproc://{tmp_path.name}-{count}",
            "ipc": f"ipc://{tmp_path}/{count}",
            "tcp": "tcp://127.0.0.1:*",
        }[transport]

    return endpoint


@pytest.fixture
def silent_endpoint():
    """A TCP endpoint where nobody listens, until the test does. On Linux no other process gets its port meanwhile."""
    with network.socket() as reserved:
        # Bound and not listening: the system neither chooses the port for anybody nor answers there, but lets those
        # bind to it who, as libzmq, set SO_REUSEADDR too.
        reserved.setsockopt(network.SOL_SOCKET, network.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        endpoint = "tcp://{}:{}".format(*reserved.getsockname())
        if sys.platform != "linux":
            reserved.close()
        yield endpoint


@pytest.fixture
def connected_pair(make_socket, endpoint_for):
    """``connected_pair(type1, type2, transport="inproc", **options)``: two sockets, the first bound,
    the second connected to it. The options are set on both before that.
    """

    def connect(type1, type2, transport="inproc", **options):
        first, second = make_socket(type1, **options), make_socket(type2, **options)
        first.bind(endpoint_for(transport))
        second.connect(first.last_endpoint.decode())
        return first, second

    return connect


@pytest.fixture
def start_python():
    """``start_python(code, *args)``: a child interpreter running `code`, as a `subprocess.Popen` with text
    pipes for stdin and stdout (stderr goes to stdout). It is killed when the test ends.
    """
    children = []

    def start(code, *args, env=None):
        command = [sys.executable, "-u", "-c", textwrap.dedent(code), *map(str, args)]
        pipe = subprocess.PIPE
        child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=env)
        children.append(child)
        return child

    yield start
    for child in children:
        with child:
            child.kill()


@pytest.fixture
def run_python(start_python):
    """``run_python(code, *args, timeout=50, returncode=0)``: runs `code` in a child interpreter, with `args`
    in its `sys.argv[1:]`, and returns what it wrote to stdout and stderr. The test fails if the exit
    status differs, or if it takes longer than `timeout` seconds.
    """

    def run(code, *args, timeout=50, returncode=0, env=None):
        child = start_python(code, *args, env=env)
        try:
            output, _ = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            output, _ = child.communicate()
            pytest.fail(f"the program ran for more than {timeout} s; its output:\n{output}")
        assert child.returncode == returncode, output
        return output

    return run


@pytest.fixture
def browser(tmp_path):
    """A Selenium WebDriver of a headless Chromium that knows of nothing yet. Tests with it are marked `browser`."""
    from browser import open_browser

    with open_browser(tmp_path / "browser") as driver:
        yield driver
