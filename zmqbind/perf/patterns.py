"""Which sockets the two ends have, and how they come together.

The end that binds leads: it receives the stream, or asks the questions.
"""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass, field
from typing import Any

import zmqbind
from zmqbind import SocketType, ZMQError

from . import endpoints
from .control import Control
from .failures import PerfError
from .settings import Case, Settings

S = SocketType
# A stream: the leader's socket, the follower's. XPUB is what PUB is made of; it tells when the subscription is there.
STREAMS = {
    "push-pull": (S.PULL, S.PUSH),
    "pub-sub": (S.SUB, S.XPUB),
    "router-dealer": (S.ROUTER, S.DEALER),
}
# Questions: the leader's socket that sends and the follower's that receives; where those cannot answer, the
# leader's that receives and the follower's that sends.
QUESTIONS = {
    "push-pull": ((S.PUSH, S.PULL), (S.PULL, S.PUSH)),
    "pub-sub": ((S.XPUB, S.SUB), (S.SUB, S.XPUB)),
    "req-rep": ((S.REQ, S.REP),),
    "router-dealer": ((S.DEALER, S.ROUTER),),
}
REBIND = 5.0  # seconds in which libzmq should have let go of the port that was used before


@dataclass
class Ends:
    """The sockets for the messages, at one of the two ends."""

    sockets: list[zmqbind.Socket[bytes]] = field(default_factory=list)

    @property
    def sends(self) -> zmqbind.Socket[bytes]:
        return self._first_but(S.PULL, S.SUB)

    @property
    def receives(self) -> zmqbind.Socket[bytes]:
        return self._first_but(S.PUSH, S.XPUB)

    def _first_but(self, *types: SocketType) -> zmqbind.Socket[bytes]:
        """The socket of another type; the only one, if it is all that there is."""
        others = [socket for socket in self.sockets if socket.socket_type not in types]
        return (others or self.sockets)[0]

    def __enter__(self) -> Ends:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for socket in self.sockets:
            socket.close()

    def stir(self) -> None:
        """Let the sockets do what libzmq does in the calls of their owner: a SUB that is bound, subscribe."""
        for socket in self.sockets:
            socket.poll(0)

    def wait_for_subscriber(self, timeout: float) -> None:
        """Where it publishes: wait until somebody has subscribed. Raises PerfError."""
        for socket in self.sockets:
            if socket.socket_type == S.XPUB:
                if not socket.poll(timeout * 1000):
                    raise PerfError(f"nobody has subscribed within {timeout:g} s: can the peer reach {where(socket)}?")
                socket.recv()


def where(socket: zmqbind.Socket[bytes]) -> str:
    return socket.last_endpoint.decode()


def types(settings: Settings, leads: bool) -> list[SocketType]:
    """The types of the sockets of one end, in the order of their numbers."""
    pairs = QUESTIONS[settings.pattern] if settings.lockstep else (STREAMS[settings.pattern],)
    return [pair[0 if leads else 1] for pair in pairs]


def make(control: Control, ends: Ends, socket_type: SocketType, hwm: int) -> zmqbind.Socket[bytes]:
    socket: zmqbind.Socket[bytes] = control.messages.socket(socket_type)
    ends.sockets.append(socket)
    socket.hwm = hwm
    socket.ipv6 = endpoints.is_ipv6(control.endpoint)
    socket.linger = 0  # now: when its context has been terminated, options cannot be set any more
    if socket_type == S.SUB:
        socket.subscribe(b"")
    return socket


def bind(control: Control, bound: str, settings: Settings, case: Case) -> tuple[Ends, dict[str, Any]]:
    """The leader's sockets, and what the follower has to know. bound: where the control socket is bound."""
    ends = Ends()
    told: dict[str, Any] = {"places": []}
    try:
        keys = zmqbind.curve_keypair() if settings.curve else None
        for number, socket_type in enumerate(types(settings, leads=True), 1):
            socket = make(control, ends, socket_type, settings.high_water_mark(case.size))
            if keys is not None:
                socket.curve_server = True
                socket.curve_secretkey = keys[1]
                told["server_key"] = keys[0].decode()
            bind_again(socket, endpoints.to_bind(control.endpoint, bound, number))
            told["places"].append(endpoints.place(where(socket)))
    except BaseException:
        ends.__exit__()
        raise
    return ends, told


def bind_again(socket: zmqbind.Socket[bytes], endpoint: str) -> None:
    """Bind where another socket may just have been closed, which libzmq does in the background. Raises PerfError."""
    deadline = time.monotonic() + REBIND
    while True:
        try:
            socket.bind(endpoint)
            return
        except ZMQError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise PerfError(f"{endpoint}, where the messages go: {error.strerror}") from None
        time.sleep(0.01)


def connect(control: Control, settings: Settings, case: Case, told: dict[str, Any]) -> Ends:
    """The follower's sockets."""
    ends = Ends()
    try:
        keys = zmqbind.curve_keypair() if settings.curve else None
        for number, socket_type in enumerate(types(settings, leads=False), 1):
            socket = make(control, ends, socket_type, settings.high_water_mark(case.size))
            if keys is not None:
                socket.curve_publickey, socket.curve_secretkey = keys
                socket.curve_serverkey = told["server_key"].encode()
            socket.connect(endpoints.to_connect(control.endpoint, number, told["places"][number - 1]))
    except BaseException:
        ends.__exit__()
        raise
    return ends
