"""Typical uses of zmqbind.green: `mypy --strict` has to accept every line and type. Nothing runs this."""

import sys
from typing import Any

import zmqbind.green as zmq

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type


def names() -> None:
    with zmq.Context() as context, context.socket(zmq.PULL) as socket:
        assert_type(context, zmq.Context)
        assert_type(socket, zmq.Socket)
        assert_type(socket.recv(), bytes)
        assert_type(socket.recv(copy=False), zmq.Frame)
        assert_type(socket.recv_multipart(), list[bytes])
        socket.send(b"", zmq.SNDMORE)
        poller = zmq.Poller()
        poller.register(socket, zmq.POLLIN)
        assert_type(poller.poll(10), list[tuple[Any, int]])
        assert_type(zmq.zmq_poll([(socket, zmq.POLLIN)], 10), list[tuple[Any, int]])
        assert_type(zmq.select([socket], [], [], 0.5), tuple[list[Any], list[Any], list[Any]])
        assert_type(zmq.zmq_version(), str)
