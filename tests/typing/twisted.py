"""Typical uses of zmqbind.twisted: `mypy --strict` has to accept every line and type. Nothing runs this."""

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

import zmqbind as zmq
from zmqbind.twisted import Context, Socket, ZMQProtocol, ZMQTransport

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type


async def receiving(socket: Socket, copy: bool) -> None:
    assert_type(socket.recv(), Deferred[bytes])
    assert_type(await socket.recv(zmq.DONTWAIT), bytes)
    assert_type(await socket.recv(copy=False), zmq.Frame)
    assert_type(await socket.recv_multipart(), list[bytes])
    assert_type(await socket.recv_multipart(copy=False), list[zmq.Frame])
    assert_type(socket.recv(copy=copy), Deferred[bytes] | Deferred[zmq.Frame])
    assert_type(socket.recv_into(bytearray(10), nbytes=5), Deferred[int])
    assert_type(socket.recv_string(encoding="latin-1"), Deferred[str])
    assert_type(socket.recv_unicode(), Deferred[str])
    assert_type(socket.recv_json(), Deferred[Any])
    assert_type(socket.recv_pyobj(), Deferred[Any])
    assert_type(await socket.recv_serialized(lambda parts: parts[0]), bytes)
    assert_type(await socket.recv_serialized(lambda frames: frames[0], copy=False), zmq.Frame)
    assert_type(socket.recv_batch(10, 0.5), Deferred[list[bytes]])
    assert_type(socket.recv_batch(copy=False), Deferred[list[zmq.Frame]])
    assert_type(socket.recv_batch_multipart(), Deferred[list[list[bytes]]])
    assert_type(socket.poll(10, zmq.POLLOUT), Deferred[int])
    async for message in socket:
        assert_type(message, bytes)


def sending(socket: Socket) -> None:
    assert_type(socket.send(b"", zmq.SNDMORE), Deferred[None])
    assert_type(socket.send(bytearray(), copy=False, track=True), Deferred[zmq.MessageTracker | None])
    assert_type(socket.send(b"", routing_id=5, group="a"), Deferred[None])
    assert_type(socket.send_multipart([b"", zmq.Frame(b"")]), Deferred[zmq.MessageTracker | None])
    assert_type(socket.send_string("", encoding="utf-8"), Deferred[zmq.MessageTracker | None])
    assert_type(socket.send_json([1], indent=1), Deferred[zmq.MessageTracker | None])
    assert_type(socket.send_pyobj(1, out_of_band=True), Deferred[zmq.MessageTracker | None])
    assert_type(socket.send_serialized("", lambda text: [text.encode()]), Deferred[zmq.MessageTracker | None])
    assert_type(socket.send_batch([b""]), Deferred[int])
    assert_type(socket.send_batch_multipart([[b"", b""]]), Deferred[int])
    socket.send("")  # type: ignore[call-overload]
    socket.send_string(b"")  # type: ignore[arg-type]


async def contexts() -> None:
    async with Context() as context, context.socket(zmq.PULL) as socket:
        assert_type(context, Context)
        assert_type(socket, Socket)


class Echo(ZMQProtocol):
    def messageReceived(self, parts: list[Any]) -> None:
        if self.transport is not None:
            self.transport.sendMessage(parts)
            self.transport.write(b"")

    def connectionLost(self, reason: Failure) -> None:
        reason.getErrorMessage()


def protocols(socket: Socket) -> None:
    transport = ZMQTransport(socket, Echo())
    assert_type(transport.socket, Socket)
    assert_type(transport.protocol, ZMQProtocol)
    transport.pauseProducing()
    transport.loseConnection()
