"""Typical uses of the helpers beside sockets: `mypy --strict` has to accept every line and type. Nothing runs this."""

import logging
import sys
from collections.abc import Awaitable

import zmqbind as zmq
import zmqbind.asyncio
from zmqbind import ssh
from zmqbind.decorators import context, socket
from zmqbind.devices import ProcessMonitoredQueue, ThreadProxySteerable, monitored_queue
from zmqbind.log.handlers import PUBHandler, TopicLogger
from zmqbind.utils.monitor import async_monitor_events, monitor_events, recv_monitor_message
from zmqbind.utils.win32 import allow_interrupt

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type


def devices(frontend: zmq.Socket, backend: zmq.Socket, monitor: zmq.Socket) -> None:
    device = ThreadProxySteerable(zmq.ROUTER, zmq.DEALER, ctrl_type=zmq.REP)
    device.bind_in("tcp://127.0.0.1:*")
    device.setsockopt_out(zmq.SNDHWM, 10)
    assert_type(device.bind_ctrl_to_random_port("tcp://127.0.0.1", 5000, max_port=6000), int)
    device.context_factory = zmq.Context.instance
    device.start()
    device.stop(timeout=1.5)
    device.join()
    ProcessMonitoredQueue(zmq.ROUTER, zmq.DEALER, zmq.PUB, b"in", out_prefix=b"out").daemon = False
    monitored_queue(frontend, backend, monitor, stop=0)
    zmq.proxy(frontend, backend, stop=sys.stdin)


def events(sock: zmq.Socket) -> None:
    monitor = sock.get_monitor_socket()
    message = recv_monitor_message(monitor)
    assert_type(message["event"], zmq.Event)
    assert_type(message["endpoint"], bytes)
    for event in monitor_events(monitor):
        assert_type(event.name, str)
        assert_type(event.reason, str | None)


async def awaited_events(sock: zmqbind.asyncio.Socket) -> None:
    pending = recv_monitor_message(sock)
    assert isinstance(pending, Awaitable)
    message = await pending
    assert_type(message["value"], int)
    async for event in async_monitor_events(sock):
        assert_type(event.event, zmq.Event)


def logs(sock: zmq.Socket) -> None:
    handler = PUBHandler(sock, root_topic="root")
    handler.setFormatter(logging.Formatter("%(message)s"), logging.INFO)
    handler.root_topic = "other"
    TopicLogger("name").info("topic", "message %s", 1)


def tunnels(sock: zmq.Socket) -> None:
    with ssh.tunnel_connection(sock, "tcp://192.0.2.1:5555", "user@host:22", keyfile="key", options=["-4"]) as tunnel:
        assert_type(tunnel, ssh.Tunnel)
        assert_type(tunnel.is_open, bool)
    url, tunnel = ssh.open_tunnel("tcp://192.0.2.1:5555", "host", paramiko=True)
    assert_type(url, str)
    assert_type(ssh.try_passwordless_ssh("host", None), bool)


@context()
@socket("push", zmq.PUSH)
def work(ctx: zmq.Context, push: zmq.Socket) -> None:
    with allow_interrupt(push.close):
        push.send(b"")
