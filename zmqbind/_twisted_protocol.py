"""Twisted protocols for sockets: what is called with the messages, and what sends them."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from .constants import Errno
from .error import ZMQError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from typing_extensions import Buffer

    from ._core import Frame
    from .twisted import Socket

__all__ = ["ZMQProtocol", "ZMQTransport"]


class ZMQProtocol:
    """What is called when a socket receives messages; to be subclassed.

    As twisted.internet.protocol.Protocol, but for messages: connectionMade, messageReceived as often as messages come,
    connectionLost once. One protocol serves all peers of its socket. ZMQTransport(socket, protocol) joins the two.
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
        """The socket is closed. reason: a Failure. What this raises is logged.

        ConnectionDone: by loseConnection, or somebody closed it; ConnectionAborted: by abortConnection;
        ConnectionLost: the reactor stops; a ZMQError: the context has ended.
        """


@implementer(IConsumer, IPushProducer)
class ZMQTransport:
    """A socket and the protocol that gets what it receives.

    socket: a zmqbind.twisted.Socket, which has been bound or connected or will be; it is this object's from now on.
    protocol: a ZMQProtocol, or what has its methods. What its makeConnection raises is raised here, and the socket is
    the caller's again.

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
        # For no event: it is over when the socket, its context or the reactor is, whether something is received or not.
        socket.poll(-1, 0).addErrback(self._ended)
        self._resume()

    # Sending

    def sendMessage(self, parts: Iterable[Buffer | Frame]) -> None:
        """Send a message, in order; without limit, messages wait here for room in the socket.

        parts: bytes-like objects or Frames. Raises what zmqbind.Socket.send_multipart raises; later errors are logged.
        Messages that wait still when the reactor stops, or somebody closes the socket, are dropped.
        """
        parts = tuple(parts)
        sent: Deferred[Any] = self.socket.send(*parts) if len(parts) == 1 else self.socket.send_multipart(parts)
        if not sent.called:
            self._unsent += 1
            sent.addCallbacks(self._sent, self._not_sent)
            if self._producer is not None and self._streaming and self._unsent == 1:
                self._tell(self._producer.pauseProducing)
            return
        failure = sent.result
        if isinstance(failure, Failure):
            sent.addErrback(lambda failure: None)  # it is raised
            failure.raiseException()
        self._resume()
        if self._producer is not None and not self._streaming:
            from twisted.internet import reactor

            clock: Any = reactor
            clock.callLater(0, self._ask)

    def write(self, data: Buffer | Frame) -> None:
        """Send a message of one part, as consumers of Twisted's do. See sendMessage."""
        self.sendMessage((data,))

    def _not_sent(self, failure: Failure) -> None:
        if not isinstance(failure.value, CancelledError):  # else it is the end of all
            self._log.failure("a message could not be sent", failure=failure)
            self._sent(None)

    def _sent(self, result: object) -> None:
        self._unsent -= 1
        self._resume()
        if not self._unsent and self._producer is not None:
            self._tell(self._producer.resumeProducing)
        else:
            self._finish()

    def _ask(self) -> None:
        """Ask a producer that is no streaming one for more, if there is room."""
        if self._producer is not None and not self._streaming and not self._unsent:
            self._tell(self._producer.resumeProducing)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have a producer send messages as fast as the socket takes them.

        producer: an IPushProducer; it is paused while messages wait for room, and stopped when the socket is closed. If
        streaming is False, an IPullProducer, asked for a message whenever there is room for one. loseConnection waits
        until it is unregistered. What its methods raise is logged. Raises RuntimeError if there is one already.
        """
        if self._producer is not None:
            raise RuntimeError(f"a producer is registered already: {self._producer!r}")
        if not self._connected:
            self._tell(producer.stopProducing)
            return
        self._producer = producer
        self._streaming = streaming
        if not streaming:
            self._ask()
        elif self._unsent:
            self._tell(producer.pauseProducing)

    def unregisterProducer(self) -> None:
        """Forget the producer, which has nothing more to send."""
        self._producer = None
        self._finish()

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
        if self._producing and self._connected and not self._receiving and not self.disconnecting:
            Deferred.fromCoroutine(self._receive())

    async def _receive(self) -> None:
        """Pass on what is received, until that is paused, or the end, or a REQ or REP socket has to send first."""
        self._receiving = True
        try:
            while self._producing and self._connected and not self.disconnecting:
                self._message = self.socket.recv_multipart()
                try:
                    parts = await self._message
                finally:
                    self._message = None
                self._tell(self.protocol.messageReceived, parts)
        except CancelledError:
            pass  # paused, or the end
        except ZMQError as error:
            if error.errno == Errno.ENOTSUP:  # the socket only sends
                self._producing = False
            elif error.errno != Errno.EFSM:  # else, of REQ or REP, it is to send first
                self._disconnect(error)
        finally:
            self._receiving = False

    # The end

    def loseConnection(self) -> None:
        """Receive no more, and close the socket once libzmq has all that was to be sent.

        That is also when the producer, if there is one, has been unregistered.
        """
        self.disconnecting = True
        if self._message is not None:
            self._message.cancel()
        self._finish()

    def abortConnection(self) -> None:
        """Close the socket at once; what has not been sent is dropped."""
        self._disconnect(ConnectionAborted(), linger=0)

    def _finish(self) -> None:
        if self.disconnecting and not self._unsent and self._producer is None:
            self._disconnect(ConnectionDone())

    def _ended(self, failure: Failure) -> None:
        reason: Any = failure.value
        if self.socket.closed or isinstance(reason, CancelledError):
            reason = ConnectionLost("the reactor stops") if self.socket._reactor_stops else ConnectionDone()
        self._disconnect(reason)

    def _disconnect(self, reason: BaseException, linger: int | None = None) -> None:
        if not self._connected:
            return
        self._connected = False
        producer, self._producer = self._producer, None
        self.socket.close(linger)
        if producer is not None:
            self._tell(producer.stopProducing)
        self._tell(self.protocol.connectionLost, Failure(reason))  # type: ignore[no-untyped-call]

    def _tell(self, function: Callable[..., object], *arguments: object) -> None:
        """Call what belongs to others; as the reactor does, log what it raises, and go on."""
        try:
            function(*arguments)
        except BaseException:
            self._log.failure("{function!r} failed", function=function)
