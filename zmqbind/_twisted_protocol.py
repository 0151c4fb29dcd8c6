"""Twisted protocols for sockets: what is called with the messages, and what sends them."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from .constants import Errno
from .error import ZMQError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .twisted import Socket

__all__ = ["ZMQProtocol", "ZMQTransport"]


class ZMQProtocol:
    """What is called when a socket receives messages; to be subclassed.

    As twisted.internet.protocol.Protocol, but for messages: connectionMade, messageReceived as often as messages come,
    connectionLost. One protocol serves all peers of its socket. ZMQTransport(socket, protocol) joins the two.
    """

    transport: ZMQTransport | None = None

    def makeConnection(self, transport: ZMQTransport) -> None:
        """Note the transport and call connectionMade."""
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        """The socket and this belong together now; self.transport can be used."""

    def messageReceived(self, parts: list[Any]) -> None:
        """A message has come. parts: list of bytes. What this raises is logged, and the next message is received."""

    def connectionLost(self, reason: Failure) -> None:
        """The socket is closed. reason: a Failure.

        ConnectionDone: by loseConnection, or somebody closed it; ConnectionAborted: by abortConnection;
        ConnectionLost: the reactor stops; a ZMQError: nothing can be received any more: the context has ended.
        """


@implementer(IPushProducer)
class ZMQTransport:
    """A socket and the protocol that gets what it receives.

    socket: a zmqbind.twisted.Socket, which has been bound or connected or will be; it is this object's from now on.
    protocol: a ZMQProtocol, or what has its methods.

    Receiving can be paused, by pauseProducing; messages then wait in the socket, and at its high-water mark its peers
    wait. A producer that is registered, as one with a consumer of Twisted's, is paused while messages wait for room.
    """

    _log = Logger()

    def __init__(self, socket: Socket, protocol: ZMQProtocol) -> None:
        self.socket = socket
        self.protocol = protocol
        self.disconnecting = False
        self._connected = True
        self._producing = True
        self._receiving = False  # whether _receive() runs
        self._message: Deferred[list[Any]] | None = None  # the one that it waits for
        self._unsent = 0  # messages that wait for room
        self._producer: Any = None
        self._streaming = False
        protocol.makeConnection(self)
        self._resume()

    # Sending

    def sendMessage(self, parts: Iterable[Any]) -> None:
        """Send a message, in order; without limit, messages wait here for room in the socket.

        parts: bytes-like objects or Frames. Raises what zmqbind.Socket.send_multipart raises; later errors are logged.
        """
        failures: list[Failure] = []
        sent = self.socket.send_multipart(parts)
        if not sent.called:
            self._unsent += 1
            if self._producer is not None and self._streaming and self._unsent == 1:
                self._producer.pauseProducing()
            sent.addErrback(self._not_sent).addCallback(self._sent)
            return
        sent.addErrback(failures.append)
        if failures:
            failures[0].raiseException()
        if self._producer is not None and not self._streaming:
            from twisted.internet import reactor

            clock: Any = reactor
            clock.callLater(0, self._ask)

    def _not_sent(self, failure: Failure) -> None:
        if not isinstance(failure.value, CancelledError):
            self._log.failure("a message could not be sent", failure=failure)

    def _sent(self, result: object) -> None:
        self._unsent -= 1
        if self._unsent == 0:
            if self.disconnecting:
                self._disconnect(ConnectionDone())
            elif self._producer is not None:
                self._producer.resumeProducing()

    def _ask(self) -> None:
        """Ask a producer that is no streaming one for more, if there is room."""
        if self._producer is not None and not self._streaming and not self._unsent:
            self._producer.resumeProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have a producer send messages as fast as the socket takes them.

        producer: an IPushProducer; it is paused while messages wait for room, and stopped when the socket is closed. If
        streaming is False, an IPullProducer, asked for a message whenever there is room for one.
        Raises RuntimeError if there is one already.
        """
        if self._producer is not None:
            raise RuntimeError(f"a producer is registered already: {self._producer!r}")
        if not self._connected:
            producer.stopProducing()
            return
        self._producer = producer
        self._streaming = streaming
        if not streaming:
            self._ask()
        elif self._unsent:
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """Forget the producer, which has nothing more to send."""
        self._producer = None

    # Receiving

    def pauseProducing(self) -> None:
        """Receive no more, until resumeProducing is called."""
        self._producing = False
        if self._message is not None:
            self._message.cancel()

    def resumeProducing(self) -> None:
        """Go on receiving after pauseProducing."""
        self._producing = True
        self._resume()

    def stopProducing(self) -> None:
        """Do as loseConnection."""
        self.loseConnection()

    def _resume(self) -> None:
        if not self._receiving and self._connected and not self.disconnecting:
            Deferred.fromCoroutine(self._receive())

    async def _receive(self) -> None:
        """Pass on what is received, until that is paused or the end."""
        self._receiving = True
        try:
            while self._producing and self._connected and not self.disconnecting:
                self._message = self.socket.recv_multipart()
                try:
                    parts = await self._message
                finally:
                    self._message = None
                try:
                    self.protocol.messageReceived(parts)
                except Exception:
                    self._log.failure("messageReceived of {protocol!r}", protocol=self.protocol)
        except CancelledError:
            if self.socket.closed:
                self._disconnect(ConnectionDone())
            elif self._producing and not self.disconnecting:
                self._disconnect(ConnectionLost("the reactor stops"))
        except ZMQError as error:
            if error.errno == Errno.ENOTSUP:  # the socket only sends
                self._producing = False
                return
            self._disconnect(ConnectionDone() if self.socket.closed else error)
        finally:
            self._receiving = False

    # The end

    def loseConnection(self) -> None:
        """Receive no more, and close the socket once libzmq has all that was to be sent."""
        self.disconnecting = True
        if self._message is not None:
            self._message.cancel()
        if not self._unsent:
            self._disconnect(ConnectionDone())

    def abortConnection(self) -> None:
        """Close the socket at once; what has not been sent is dropped."""
        self._disconnect(ConnectionAborted(), linger=0)

    def _disconnect(self, reason: BaseException, linger: int | None = None) -> None:
        if not self._connected:
            return
        self._connected = False
        producer, self._producer = self._producer, None
        self.socket.close(linger)
        if producer is not None:
            producer.stopProducing()
        self.protocol.connectionLost(Failure(reason))  # type: ignore[no-untyped-call]
