"""Devices make their sockets and pass messages, here, in a thread or in a process, until they are stopped."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import threading
import time
from textwrap import dedent

import psutil
import pytest

import zmqbind as zmq
from zmqbind import devices
from zmqbind.devices import monitored_queue

PATIENCE = 20  # seconds; nothing here takes as long
ANY_PORT = "tcp://127.0.0.1"

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")


@pytest.fixture
def client(context):
    """``client(type, endpoint)``: a socket connected there, for which no message takes long."""
    context.rcvtimeo = context.sndtimeo = PATIENCE * 1000
    context.linger = 0

    def connect(socket_type, endpoint, **options):
        socket = context.socket(socket_type)
        for name, value in options.items():
            setattr(socket, name, value)
        socket.connect(endpoint)
        return socket

    return connect


@pytest.fixture
def run():
    """``run(device)``: starts it, and stops it when the test ends."""
    started = []

    def start(device):
        device.start()
        started.append(device)
        return device

    yield start
    for device in started:
        device.stop(PATIENCE)
        assert not device.launcher.is_alive()


def queue(cls, *args):
    """A device between clients and workers, and where they connect."""
    device = cls(*args)
    ends = [device.bind_in_to_random_port(ANY_PORT), device.bind_out_to_random_port(ANY_PORT)]
    return device, *[f"{ANY_PORT}:{port}" for port in ends]


def ask(client, front, back, text=b"question"):
    with client(zmq.REQ, front) as asking, client(zmq.REP, back) as answering:
        asking.send(text)
        assert answering.recv() == text
        answering.send(text[::-1])
        assert asking.recv() == text[::-1]


def test_device(run, client):
    device, front, back = queue(devices.ThreadDevice, zmq.QUEUE, zmq.ROUTER, zmq.DEALER)
    run(device)
    ask(client, front, back)
    device.stop(PATIENCE)
    assert device.done
    device.start()  # again
    assert not device.done
    ask(client, front, back)


def test_single_socket(run, client):
    """With a negative type the first socket is both ends: an echo."""
    device = devices.ThreadDevice(zmq.QUEUE, zmq.REP, -1)
    port = device.bind_in_to_random_port(ANY_PORT)
    run(device)
    with client(zmq.REQ, f"{ANY_PORT}:{port}") as asking:
        for number in range(5):
            asking.send(b"%d" % number)
            assert asking.recv() == b"%d" % number


def test_connecting_to_inproc(run, client, tmp_path):
    """A thread device is in the shared context, and connects as well as it binds."""
    shared = zmq.Context.instance()
    source, sink = shared.socket(zmq.PUSH), shared.socket(zmq.PULL)
    with source, sink:
        source.linger = 0
        sink.rcvtimeo = PATIENCE * 1000
        source.bind(f"inproc://{tmp_path}/in")
        sink.bind(f"inproc://{tmp_path}/out")
        device = devices.ThreadDevice(zmq.STREAMER, zmq.PULL, zmq.PUSH)
        device.connect_in(f"inproc://{tmp_path}/in")
        device.connect_out(f"inproc://{tmp_path}/out")
        run(device)
        source.send(b"x")
        assert sink.recv() == b"x"
        device.stop(PATIENCE)


def test_options_are_set_before_the_sockets_bind(run, client):
    device = devices.ThreadDevice(zmq.FORWARDER, zmq.SUB, zmq.PUB)
    device.setsockopt_in(zmq.SUBSCRIBE, b"yes")
    device.setsockopt_out(zmq.SNDHWM, 5)
    made = []
    original = device.run_device
    device.run_device = lambda: (made.extend(device._setup_sockets()), original())
    device.bind_in("inproc://options-in")
    run(device)
    assert [socket.type for socket in made] == [zmq.SUB, zmq.PUB]
    device.stop(PATIENCE)
    assert all(socket.closed for socket in made)


def test_proxy_copies_to_the_third_socket(run, client):
    device, front, back = queue(devices.ThreadProxy, zmq.PULL, zmq.PUSH, zmq.PUSH)
    device.setsockopt_mon(zmq.SNDHWM, 10)
    port = device.bind_mon_to_random_port(ANY_PORT)
    run(device)
    ends = client(zmq.PUSH, front), client(zmq.PULL, back), client(zmq.PULL, f"{ANY_PORT}:{port}")
    with ends[0] as source, ends[1] as sink, ends[2] as monitor:
        source.send(b"x")
        assert sink.recv() == monitor.recv() == b"x"


def test_monitored_queue_prefixes(run, client):
    device, front, back = queue(devices.ThreadMonitoredQueue, zmq.PAIR, zmq.PAIR, zmq.PUSH, b"there", b"back")
    port = device.bind_mon_to_random_port(ANY_PORT)
    run(device)
    ends = client(zmq.PAIR, front), client(zmq.PAIR, back), client(zmq.PULL, f"{ANY_PORT}:{port}")
    with ends[0] as a, ends[1] as b, ends[2] as monitor:
        a.send(b"1")
        assert b.recv() == b"1"
        b.send(b"2")
        assert a.recv() == b"2"
        assert [monitor.recv_multipart() for _ in range(2)] == [[b"there", b"1"], [b"back", b"2"]]


@pytest.mark.parametrize("ctrl_type", [None, zmq.REP])
def test_steerable_proxy(run, client, ctrl_type):
    device, front, back = queue(devices.ThreadProxySteerable, zmq.PULL, zmq.PUSH, zmq.PUB, ctrl_type)
    device.setsockopt_ctrl(zmq.LINGER, 0)
    port = device.bind_ctrl_to_random_port(ANY_PORT)
    run(device)
    control = client(zmq.PAIR if ctrl_type is None else zmq.REQ, f"{ANY_PORT}:{port}")
    with control, client(zmq.PUSH, front) as source, client(zmq.PULL, back) as sink:
        source.send(b"x")
        assert sink.recv() == b"x"
        control.send(b"STATISTICS")
        assert len(control.recv_multipart()) == 8
        control.send(b"PAUSE")
        if ctrl_type is not None:
            control.recv()
        # While it is paused it can be stopped, as it can be told to terminate.
        control.send(b"TERMINATE")
        device.join(PATIENCE)
        assert device.done


def test_a_paused_proxy_can_be_stopped(run, client):
    device, _, _ = queue(devices.ThreadProxySteerable, zmq.PULL, zmq.PUSH, zmq.PUB, zmq.REP)
    port = device.bind_ctrl_to_random_port(ANY_PORT)
    run(device)
    with client(zmq.REQ, f"{ANY_PORT}:{port}") as control:
        control.send(b"PAUSE")
        control.recv()
        device.stop(PATIENCE)


def test_a_busy_device_can_be_stopped(client):
    """One that holds a message for which there is no peer, and more that it cannot read yet."""
    device, front, _ = queue(devices.ThreadDevice, zmq.QUEUE, zmq.PULL, zmq.PUSH)
    device.setsockopt_out(zmq.LINGER, 0)
    device.start()
    with client(zmq.PUSH, front) as source:
        for _ in range(10):
            source.send(b"x")
        device.stop(PATIENCE)
    assert not device.launcher.is_alive()


def test_device_in_the_foreground(client):
    device, front, back = queue(devices.Proxy, zmq.ROUTER, zmq.DEALER)
    thread = threading.Thread(target=device.start)
    thread.start()
    ask(client, front, back)
    device.stop(PATIENCE)
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_terminating_the_context_ends_a_thread_device():
    context = zmq.Context()
    device, _, _ = queue(devices.ThreadProxy, zmq.ROUTER, zmq.DEALER)
    device.context_factory = lambda: context
    device.start()
    context.term()
    device.join(PATIENCE)
    assert device.done
    with pytest.raises(zmq.ContextTerminated):
        device.start()


def test_address_in_use_is_raised_by_start(make_socket, raises_errno):
    device = devices.ThreadProxy(zmq.ROUTER, zmq.DEALER)
    free = device.bind_in_to_random_port(ANY_PORT)
    with zmq.Context() as other, other.socket(zmq.PULL) as taken:
        taken.bind(f"{ANY_PORT}:*")
        endpoint = taken.last_endpoint.decode()
        device.bind_out(endpoint)
        with raises_errno(zmq.EADDRINUSE, match=endpoint):
            device.start()
        assert device.done
        with pytest.raises(zmq.ZMQError, match=endpoint):
            device.join()
    device.start()  # what it had bound is free again
    device.stop(PATIENCE)
    make_socket(zmq.PULL).bind(f"{ANY_PORT}:{free}")  # and once more


def test_option_that_is_refused_is_raised_by_start(raises_errno):
    device = devices.ThreadDevice(zmq.QUEUE, zmq.ROUTER, zmq.DEALER)
    device.setsockopt_out(zmq.LINGER, -7)
    with raises_errno(zmq.EINVAL, match="LINGER"):
        device.start()


def test_random_ports_of_one_device_differ():
    device = devices.ProxySteerable(zmq.ROUTER, zmq.DEALER)
    ports = [device.bind_in_to_random_port(ANY_PORT, 20000, 20003, max_tries=1000) for _ in range(2)]
    assert ports[0] != ports[1]
    assert set(ports) <= {20000, 20001, 20002}


@pytest.mark.parametrize(
    ("make", "error", "culprit"),
    [
        (lambda: devices.Device(), TypeError, "in_type"),
        (lambda: devices.Device(zmq.QUEUE, zmq.REP), TypeError, "out_type"),
        (lambda: devices.Device(zmq.QUEUE, "REP", zmq.REQ), TypeError, "in_type"),
        (lambda: devices.Device(77, zmq.REP, zmq.REQ), ValueError, "77"),
        (lambda: devices.Proxy(zmq.REP, zmq.REQ, "PUB"), TypeError, "mon_type"),
        (lambda: devices.ProxySteerable(zmq.REP, zmq.REQ, zmq.PUB, "PAIR"), TypeError, "ctrl_type"),
        (lambda: devices.MonitoredQueue(zmq.REP, zmq.REQ, in_prefix="text"), TypeError, "in_prefix"),
    ],
)
def test_bad_arguments(make, error, culprit):
    with pytest.raises(error, match=culprit):
        make()


def test_starting_twice_and_not_at_all(run):
    device = devices.ThreadDevice(zmq.QUEUE, zmq.ROUTER, zmq.DEALER)
    device.stop()
    with pytest.raises(RuntimeError, match="not been started"):
        device.join()
    run(device)
    with pytest.raises(RuntimeError, match="runs already"):
        device.start()


class Failing(devices.ThreadDevice):
    def run_device(self):
        self.go.wait(PATIENCE)
        raise OSError("the cable is cut")


def test_an_error_while_it_runs_reaches_the_user(monkeypatch):
    printed = []
    monkeypatch.setattr(threading, "excepthook", printed.append)
    device = Failing(zmq.QUEUE, zmq.ROUTER, zmq.DEALER)
    device.go = threading.Event()
    device.start()
    device.join(0)  # still running
    device.go.set()
    with pytest.raises(OSError, match="cable"):
        device.join(PATIENCE)
    assert "cable" in str(printed[0].exc_value)


@posix
def test_too_few_descriptors_to_start(run_python):
    """It says so, and can be started once there are enough."""
    code = """
        import os, resource
        import zmqbind as zmq
        from zmqbind.devices import Device, ThreadDevice

        context = zmq.Context.instance()
        context.socket(zmq.PULL).close()  # so that the context has its own
        devices = [cls(zmq.QUEUE, zmq.PULL, zmq.PUSH) for cls in (Device, ThreadDevice)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        held = []
        try:
            while True:
                held.append(os.dup(0))
        except OSError:
            pass
        for device in devices:
            try:
                device.start()
            except OSError as error:
                print(type(device).__name__, device.done, error.errno)
            device.stop()
        for descriptor in held:
            os.close(descriptor)
        device.start()
        device.stop()
        print("ran", device.error)
    """
    assert run_python(code) == f"Device True {errno.EMFILE}\nThreadDevice True {errno.EMFILE}\nran None\n"


def test_a_thread_or_process_that_cannot_be_started(monkeypatch, run):
    """It can be tried again."""

    def refuse(self):
        raise RuntimeError("can't start new thread")

    device = devices.ThreadDevice(zmq.QUEUE, zmq.ROUTER, zmq.DEALER)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            device.start()
    device.stop()
    run(device)

    device = devices.ProcessDevice(zmq.QUEUE, zmq.ROUTER, zmq.DEALER)
    device.culprit = threading.Lock()  # cannot be pickled
    monkeypatch.setattr(multiprocessing, "Process", multiprocessing.get_context("spawn").Process)
    for _ in range(2):
        with pytest.raises(TypeError, match="pickle"):
            device.start()
    device.stop()


def test_stop_that_is_not_obeyed_in_time():
    class Deaf(devices.ThreadDevice):
        def run_device(self):
            self.go.wait(PATIENCE)

    device = Deaf(zmq.QUEUE, zmq.ROUTER, zmq.DEALER)
    device.go = threading.Event()
    device.start()
    with pytest.raises(TimeoutError):
        device.stop(timeout=0)
    device.go.set()
    device.join(PATIENCE)


# Processes

METHODS = [pytest.param(m, marks=posix) for m in ("fork", "forkserver")] + ["spawn"]

PROLOGUE = """
import multiprocessing, os, sys
import zmqbind as zmq
from zmqbind.devices import *

multiprocessing.set_start_method(sys.argv[1])

def start(cls, *args):
    device = cls(*args)
    ports = [device.bind_in_to_random_port("tcp://127.0.0.1"), device.bind_out_to_random_port("tcp://127.0.0.1")]
    device.start()
    return device, *ports
"""


@pytest.mark.parametrize("method", METHODS)
def test_processes(run_python, method):
    """Every kind passes messages, says what is wrong, stops, and can be started again."""
    code = """
    def ask(front, back):
        with zmq.Context() as context, context.socket(zmq.REQ) as asking, context.socket(zmq.REP) as answering:
            context.linger = 0
            asking.rcvtimeo = answering.rcvtimeo = 20_000
            asking.connect(f"tcp://127.0.0.1:{front}")
            answering.connect(f"tcp://127.0.0.1:{back}")
            asking.send(b"x")
            answering.send(answering.recv())
            assert asking.recv() == b"x"

    for cls, args in (
        (ProcessDevice, (zmq.QUEUE, zmq.ROUTER, zmq.DEALER)),
        (ProcessProxySteerable, (zmq.ROUTER, zmq.DEALER, zmq.PUB, zmq.REP)),
        (ProcessMonitoredQueue, (zmq.ROUTER, zmq.DEALER)),
    ):
        device, *ends = start(cls, *args)
        ask(*ends)
    assert device.launcher.pid not in (None, os.getpid())

    second = ProcessProxy(zmq.ROUTER, zmq.DEALER)
    second.bind_in(f"tcp://127.0.0.1:{ends[0]}")
    try:
        second.start()
    except zmq.ZMQError as error:
        assert error.errno == zmq.EADDRINUSE and str(ends[0]) in str(error), error
    else:
        raise AssertionError("no error")
    device.stop(20)
    assert (device.done, device.launcher.exitcode) == (True, 0)
    second.start()
    second.stop(20)
    assert second.launcher.exitcode == 0
    """
    assert run_python(PROLOGUE + dedent(code), method, timeout=50) == ""


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_process_without_a_traceback(run_python, number):
    code = """
    device, *_ = start(ProcessProxy, zmq.ROUTER, zmq.DEALER)
    os.kill(device.launcher.pid, int(sys.argv[2]))
    device.join(20)
    assert (device.done, device.launcher.exitcode) == (True, 0)
    """
    assert run_python(PROLOGUE + dedent(code), "fork", int(number)) == ""


def test_the_process_ends_with_a_program_that_ends(start_python):
    """Without a word to the device, as programs are that were written for PyZMQ."""
    child = start_python(
        PROLOGUE + dedent("print(start(ProcessProxy, zmq.ROUTER, zmq.DEALER)[0].launcher.pid)"), "spawn"
    )
    pid = int(child.stdout.readline())
    assert child.communicate(timeout=PATIENCE)[0] == ""
    assert child.returncode == 0
    wait_until_gone(pid)


def wait_until_gone(pid):
    """Return when a process, which may be nobody's child, has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.02)
    psutil.Process(pid).kill()
    pytest.fail("the process of the device goes on")


@pytest.mark.parametrize("method", METHODS)
def test_the_process_ends_when_its_parent_is_killed(start_python, method):
    """Also while a process that was forked later holds the same pipes open, and messages linger for nobody."""
    code = """
    import signal, subprocess
    device = ProcessDevice(zmq.QUEUE, zmq.PULL, zmq.PUSH)
    port = device.bind_in_to_random_port("tcp://127.0.0.1")
    device.connect_out("tcp://127.0.0.1:1")
    device.start()
    other = os.getpid()
    if sys.argv[1] == "fork" and (other := os.fork()) == 0:
        signal.pause()
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.connect(f"tcp://127.0.0.1:{port}")
        socket.send(b"for nobody")
    print(device.launcher.pid, other)
    sys.stdin.read()
    """
    child = start_python(PROLOGUE + dedent(code), method)
    line = child.stdout.readline().split()
    assert len(line) == 2, line + child.stdout.readlines()
    device, other = map(int, line)
    try:
        child.kill()
        child.wait()
        wait_until_gone(device)
    finally:
        if other != child.pid:
            os.kill(other, signal.SIGKILL)


@pytest.mark.parametrize("method", METHODS)
def test_a_device_that_nobody_refers_to_goes_on(run_python, method):
    code = """
    import gc
    ports = start(ProcessDevice, zmq.QUEUE, zmq.PULL, zmq.PUSH)[1:]
    gc.collect()
    with zmq.Context() as context, context.socket(zmq.PUSH) as source, context.socket(zmq.PULL) as sink:
        source.linger, sink.rcvtimeo = 0, 20_000
        for socket, port in zip((source, sink), ports):
            socket.connect(f"tcp://127.0.0.1:{port}")
        for number in range(3):
            source.send(b"%d" % number)
            assert sink.recv() == b"%d" % number
    (process,) = multiprocessing.active_children()
    assert process.is_alive()
    """
    assert run_python(PROLOGUE + dedent(code), method) == ""


@posix
def test_a_process_that_does_not_obey_is_ended(run_python):
    code = """
    import signal
    from zmqbind.devices import _process

    class Deaf(ProcessDevice):
        def run_device(self):
            while True:
                signal.pause()

    _process.GRACE = 0.01
    device, *_ = start(Deaf, zmq.QUEUE, zmq.ROUTER, zmq.DEALER)
    device.stop(20)
    assert device.launcher.exitcode == 1
    """
    run_python(PROLOGUE + dedent(code), "fork")


@posix
def test_an_error_in_a_running_process_reaches_the_user(run_python):
    code = """
    class Failing(ProcessDevice):
        def run_device(self):
            self._setup_sockets()[0].recv()
            raise OSError("the cable is cut")

    device, port, _ = start(Failing, zmq.QUEUE, zmq.PULL, zmq.PUSH)
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.connect(f"tcp://127.0.0.1:{port}")
        socket.send(b"x")
        try:
            device.join(20)
        except OSError as error:
            print("raised:", error)
    """
    output = run_python(PROLOGUE + dedent(code), "fork")
    assert "raised: the cable is cut\n" in output
    assert "Traceback" in output


def test_a_process_that_ends_before_it_is_ready(run_python):
    code = """
    class Dying(ProcessDevice):
        def run(self):
            os._exit(3)

    try:
        start(Dying, zmq.QUEUE, zmq.PULL, zmq.PUSH)
    except RuntimeError as error:
        print(error)
    """
    assert "status 3" in run_python(PROLOGUE + dedent(code), "fork")


# What stops them is an argument of the proxies, too.


@pytest.mark.parametrize("function", [zmq.proxy, zmq.proxy_steerable, monitored_queue])
def test_stop_argument(make_socket, function):
    sockets = make_socket(zmq.ROUTER), make_socket(zmq.DEALER), make_socket(zmq.PUB)
    reader, writer = os.pipe()
    try:
        thread = threading.Thread(target=function, args=sockets, kwargs={"stop": reader})
        thread.start()
        os.write(writer, b"x")
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert function(*sockets, stop=reader) == 0
        assert os.read(reader, 10) == b"x"  # nobody has
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize(("stop", "error"), [("x", TypeError), (1.5, TypeError), (-1, ValueError)])
def test_stop_argument_that_is_no_descriptor(make_socket, stop, error):
    sockets = make_socket(zmq.ROUTER), make_socket(zmq.DEALER), make_socket(zmq.PUB)
    for function in (zmq.proxy, zmq.proxy_steerable, monitored_queue):
        with pytest.raises(error, match="stop"):
            function(*sockets, stop=stop)
    with pytest.raises(TypeError, match="stop"):
        zmq.proxy(*sockets, stop=sockets[0])


def test_stop_argument_of_green_sockets(run_python):
    pytest.importorskip("gevent")
    code = """
    import os
    import gevent
    import zmqbind.green as zmq

    reader, writer = os.pipe()
    with zmq.Context() as context:
        greenlet = gevent.spawn(zmq.proxy, context.socket(zmq.ROUTER), context.socket(zmq.DEALER), stop=reader)
        gevent.sleep(0)
        os.write(writer, b"x")
        print(greenlet.get(timeout=20))
    """
    assert run_python(code) == "0\n"
