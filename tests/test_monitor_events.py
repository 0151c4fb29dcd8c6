"""Events of monitored sockets, decoded: as dicts, and as typed events to iterate over."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading

import pytest

import zmqbind as zmq
from zmqbind.utils.monitor import (
    MonitorEvent,
    async_monitor_events,
    monitor_events,
    parse_monitor_event,
    parse_monitor_message,
    recv_monitor_message,
)

PATIENCE = 20_000  # milliseconds; nothing here takes as long


@pytest.fixture
def monitored(make_socket):
    """``monitored(type, **options)``: a socket bound on TCP, its endpoint, and its monitor."""

    def make(socket_type, **options):
        made = make_socket(socket_type, **options)
        monitor = made.get_monitor_socket()
        monitor.rcvtimeo = PATIENCE
        made.bind("tcp://127.0.0.1:*")
        return made, made.last_endpoint.decode(), monitor

    return make


def first(monitor, *wanted):
    """The first event of these."""
    return next(event for event in monitor_events(monitor) if event.event in wanted)


def greet(endpoint, data=b""):
    """Connect with a raw socket, and send data."""
    host, port = endpoint.removeprefix("tcp://").split(":")
    connection = socket.create_connection((host, int(port)))
    connection.sendall(data)
    return connection


def test_dicts(monitored):
    _, endpoint, monitor = monitored(zmq.PULL)
    message = recv_monitor_message(monitor)
    assert message["event"] is zmq.Event.LISTENING
    assert message["endpoint"] == endpoint.encode()
    assert message["value"] > 0
    with pytest.raises(zmq.Again):
        recv_monitor_message(monitor, zmq.DONTWAIT)


def test_the_life_of_a_socket(monitored, make_socket):
    """The iterator gives every event, and ends with the monitoring."""
    server, endpoint, monitor = monitored(zmq.PULL)
    client = make_socket(zmq.PUSH)
    client.connect(endpoint)
    client.send(b"x")
    assert server.recv() == b"x"
    client.close()
    seen = []
    for event in monitor_events(monitor):
        assert isinstance(event, MonitorEvent)
        assert event.reason is None
        seen.append(event.name)
        if event.event == zmq.EVENT_DISCONNECTED:
            server.close()
    names = ["LISTENING", "ACCEPTED", "HANDSHAKE_SUCCEEDED", "DISCONNECTED", "MONITOR_STOPPED"]
    assert [name for name in seen if name in names] == names
    assert event == MonitorEvent(zmq.Event.MONITOR_STOPPED, "MONITOR_STOPPED", 0, "")


def test_a_bind_that_fails(monitored):
    server, _, monitor = monitored(zmq.PULL)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(zmq.ZMQError):
            server.bind(f"tcp://127.0.0.1:{taken.getsockname()[1]}")
    event = first(monitor, zmq.EVENT_BIND_FAILED)
    assert event.value == zmq.EADDRINUSE
    assert event.reason == "Address already in use"


def test_a_handshake_that_breaks_the_protocol(monitored):
    _, endpoint, monitor = monitored(zmq.PULL)
    greeting = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NONSENSE".ljust(20, b"\0") + bytes(32)
    with greet(endpoint, greeting):
        event = first(monitor, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
    assert event.value == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
    assert event.reason == "ZMTP_MECHANISM_MISMATCH"


def test_a_handshake_that_breaks_off(monitored):
    _, endpoint, monitor = monitored(zmq.PULL)
    greet(endpoint).close()
    event = first(monitor, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_DISCONNECTED)
    assert event.name == "HANDSHAKE_FAILED_NO_DETAIL"
    assert event.reason == (zmq.strerror(event.value) if event.value else None)


@pytest.mark.parametrize(("status", "reason"), [(b"400", "ZAP status 400 (denied)"), (b"500", "ZAP status 500")])
def test_a_handshake_that_is_not_authorised(context, monitored, make_socket, status, reason):
    handler = make_socket(zmq.REP, rcvtimeo=PATIENCE)
    handler.bind("inproc://zeromq.zap.01")

    def refuse():
        version, request, *_ = handler.recv_multipart()
        handler.send_multipart([version, request, status, b"no", b"", b""])

    thread = threading.Thread(target=refuse)
    thread.start()
    _, endpoint, monitor = monitored(zmq.PULL, plain_server=True, zap_domain=b"test")
    client = make_socket(zmq.PUSH, plain_username=b"u", plain_password=b"p", reconnect_ivl=-1)
    client.connect(endpoint)
    event = first(monitor, zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    thread.join()
    assert event.value == int(status)
    assert event.reason.startswith(reason)


def test_events_end_with_the_context():
    context = zmq.Context()
    server = context.socket(zmq.PULL)
    monitor = server.get_monitor_socket(zmq.EVENT_LISTENING)  # not of MONITOR_STOPPED
    events = []
    thread = threading.Thread(target=lambda: events.extend(monitor_events(monitor)))
    thread.start()
    server.close()
    # term() waits for the monitor's socket, which can be closed once nobody waits in it any more.
    ending = threading.Thread(target=context.term)
    ending.start()
    thread.join(PATIENCE / 1000)
    assert events == []
    monitor.close()
    ending.join(PATIENCE / 1000)
    assert not ending.is_alive()


async def the_life_of_a_socket(context):
    server, client = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    monitor = server.get_monitor_socket()
    server.bind("tcp://127.0.0.1:*")
    message = await recv_monitor_message(monitor)
    assert message["event"] is zmq.Event.LISTENING
    client.connect(server.last_endpoint.decode())
    seen = []
    async for event in async_monitor_events(monitor):
        seen.append(event.name)
        if event.event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            client.close()
            server.close()
    assert seen[:2] == ["ACCEPTED", "HANDSHAKE_SUCCEEDED"]
    assert seen[-1] == "MONITOR_STOPPED"


def test_asyncio():
    import zmqbind.asyncio

    async def main():
        async with zmqbind.asyncio.Context() as context:
            await asyncio.wait_for(the_life_of_a_socket(context), PATIENCE / 1000)

    asyncio.run(main())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    import zmqbind.anyio

    async def main():
        with anyio.fail_after(PATIENCE / 1000):
            async with zmqbind.anyio.Context() as context:
                await the_life_of_a_socket(context)

    anyio.run(main, backend=backend)


def frames(*numbers):
    return [struct.pack("=Q", number) for number in numbers]


def test_version_2():
    """zmq_socket_monitor_versioned(3) describes it; only a libzmq with drafts sends it, so this one is made by hand."""
    event = parse_monitor_event([*frames(zmq.EVENT_PIPES_STATS, 2, 3, 4), b"tcp://127.0.0.1:1", b"tcp://127.0.0.1:2"])
    assert event == MonitorEvent(
        zmq.Event.PIPES_STATS, "PIPES_STATS", 3, "tcp://127.0.0.1:1", (3, 4), "tcp://127.0.0.1:2"
    )


@pytest.mark.parametrize(
    "message",
    [[], [b"x"], [b"xx", b"tcp"], [b"xxxxxxx", b"tcp"], [*frames(1, 2, 3), b"", b""], [b"x", *frames(0), b"", b""]],
)
def test_what_is_no_event(message):
    with pytest.raises(RuntimeError, match="Invalid event message format"):
        parse_monitor_event(message)
    with pytest.raises(RuntimeError, match="Invalid event message format"):
        parse_monitor_message(message)


def test_every_event_has_a_name():
    for number in zmq.Event:
        if 0 < number < 0x10000 and number.bit_count() == 1:
            event = parse_monitor_event([struct.pack("=Hi", number, 0), b"inproc://x"])
            assert getattr(zmq, f"EVENT_{event.name}") == number
    assert parse_monitor_event([struct.pack("=Hi", 0x8000, 0), b""]).name == "0x8000"
