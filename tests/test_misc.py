"""What does not need a socket: versions, capabilities, error texts, keys, the stopwatch, and importing."""

from __future__ import annotations

import errno
import re

import pytest

import zmqbind as zmq


def test_versions():
    text, numbers = zmq.zmq_version(), zmq.zmq_version_info()
    assert text == ".".join(map(str, numbers))
    assert numbers >= (4, 2, 0)
    assert len(numbers) == 3


def test_the_pyzmq_version_that_this_is_compatible_with():
    assert zmq.pyzmq_version_info()[0] >= 27
    assert zmq.pyzmq_version() == ".".join(map(str, zmq.pyzmq_version_info()[:3]))
    assert re.match(r"\d+\.\d+", zmq.__version__)


def test_has():
    for capability in ("ipc", "pgm", "tipc", "norm", "curve", "gssapi", "draft"):
        assert isinstance(zmq.has(capability), bool)
    assert zmq.has("ipc")
    assert not zmq.has("no such thing")
    assert not zmq.has("")


@pytest.mark.parametrize("capability", [b"curve", 1, None])
def test_has_of_what_is_no_string(capability):
    with pytest.raises(TypeError):
        zmq.has(capability)


def test_strerror():
    assert zmq.strerror(zmq.EAGAIN) == "Resource temporarily unavailable"
    assert zmq.strerror(zmq.ETERM) == "Context was terminated"
    assert "state" in zmq.strerror(zmq.EFSM)
    assert isinstance(zmq.strerror(999_999), str)
    with pytest.raises(TypeError):
        zmq.strerror("EAGAIN")


def test_zmq_errno(make_socket):
    assert isinstance(zmq.zmq_errno(), int)
    sock = make_socket(zmq.PULL)
    with pytest.raises(zmq.Again):
        sock.recv(zmq.DONTWAIT)
    assert zmq.zmq_errno() == errno.EAGAIN


needs_curve = pytest.mark.skipif(not zmq.has("curve"), reason="this libzmq has no CURVE")


@needs_curve
def test_curve_keypair():
    public, secret = zmq.curve_keypair()
    for key in (public, secret):
        assert isinstance(key, bytes)
        assert len(key) == 40
        assert b"\0" not in key
    assert public != secret
    assert zmq.curve_keypair() != (public, secret)


@needs_curve
def test_curve_public():
    public, secret = zmq.curve_keypair()
    assert zmq.curve_public(secret) == public
    assert zmq.curve_public(secret.decode()) == public


@needs_curve
def test_curve_public_of_a_known_key():
    """The key pair that the manual page zmq_curve(7) gives for tests."""
    secret = b"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
    assert zmq.curve_public(secret) == b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"


@needs_curve
@pytest.mark.parametrize(
    "key",
    [b"", b"x", "x" * 39, b"x" * 41, b"\xff" * 40, b"\0" * 40, b" " * 40, "é" * 40],
    ids=["empty", "one", "39", "41", "not ASCII", "NUL", "not Z85", "no ASCII text"],
)
def test_curve_public_of_what_is_no_key(key):
    with pytest.raises(ValueError):
        zmq.curve_public(key)


@needs_curve
@pytest.mark.parametrize("key", [None, 5, ["x" * 40]])
def test_curve_public_of_another_type(key):
    with pytest.raises((TypeError, ValueError)):
        zmq.curve_public(key)


@pytest.mark.skipif(zmq.has("curve"), reason="this libzmq has CURVE")
def test_curve_without_curve():
    for call in (zmq.curve_keypair, lambda: zmq.curve_public(b"x" * 40)):
        with pytest.raises(zmq.ZMQError) as caught:
            call()
        assert caught.value.errno == zmq.ENOTSUP


def test_stopwatch(make_socket):
    """The watch shows the microseconds between start and stop: here at least as long as a timeout lasts."""
    watch = zmq.Stopwatch()
    watch.start()
    make_socket(zmq.PULL).poll(20)
    first = watch.stop()
    assert isinstance(first, int)
    assert 18_000 <= first < 20_000_000  # libzmq measures a timeout by a clock that ticks more coarsely
    for _ in range(1000):  # others may have their turn between the two calls, but not each time for so long
        watch.start()
        if 0 <= watch.stop() < first:
            break
    else:
        pytest.fail("the time between two calls is as long as that of a poll")


def test_stopwatch_used_wrongly():
    """Whatever it does, it neither crashes nor shows a negative time."""
    watch = zmq.Stopwatch()
    try:
        assert watch.stop() >= 0
    except zmq.ZMQError:
        pass
    watch.start()
    watch.start()
    assert watch.stop() >= 0


def test_the_greatest_length_of_an_ipc_path():
    assert 80 < zmq.IPC_PATH_MAX_LEN < 1024


def test_get_includes():
    directories = zmq.get_includes()
    assert directories
    assert all(isinstance(directory, str) for directory in directories)


def test_all_public_names_exist():
    assert {"Context", "Socket", "Poller", "Frame", "ZMQError", "REQ", "POLLIN"} <= set(zmq.__all__)
    for name in zmq.__all__:
        getattr(zmq, name)


# Importing.

LAZY = ("asyncio", "json", "logging", "pickle", "threading", "typing")


def test_import_loads_only_what_it_needs(run_python):
    output = run_python("""
        import sys
        before = set(sys.modules)
        import zmqbind
        print(*sorted(set(sys.modules) - before))
    """)
    loaded = set(output.split())
    assert "zmqbind" in loaded
    assert not loaded & set(LAZY)
    assert not {name for name in loaded if name.partition(".")[0] in ("zmq", "tornado", "gevent", "cython")}


def test_the_first_messages_load_only_what_they_need(run_python):
    output = run_python("""
        import sys
        before = set(sys.modules)
        import zmqbind as zmq
        with zmq.Context() as context, context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
            pull.bind("inproc://here")
            push.connect("inproc://here")
            push.send_multipart([b"1", b"2"])
            assert pull.poll(1000)
            assert pull.recv_multipart() == [b"1", b"2"]
            push.send_string("x")
            assert pull.recv_string() == "x"
        print(*sorted(set(sys.modules) - before))
    """)
    assert not set(output.split()) & set(LAZY)


@pytest.mark.parametrize("name", ["utils", "devices", "constants", "error"])
def test_submodules_load_when_touched(run_python, name):
    output = run_python(f"""
        import zmqbind
        assert zmqbind.{name}.__name__ == "zmqbind.{name}"
        print("loaded")
    """)
    assert output == "loaded\n"


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="no_such_name"):
        zmq.no_such_name  # noqa: B018
    with pytest.raises(ImportError):
        from zmqbind import no_such_name  # noqa: F401


def test_star_import(run_python):
    output = run_python("""
        from zmqbind import *
        print(Context, Socket, REQ, POLLIN, ZMQError)
    """)
    assert "Context" in output
