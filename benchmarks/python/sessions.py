"""Opening and closing sockets, which differs between the bindings; what is timed does not."""

from __future__ import annotations

HIGH_WATER_MARK = 1000  # messages; the same in every worker
SPARE_SOCKETS = 8


class ZeroMQSession:
    """A context of a ZeroMQ binding and its sockets."""

    def __init__(self, zmq, sockets=2, io_threads=1):
        self.zmq = zmq
        self.context = zmq.Context(io_threads=io_threads)
        self.context.set(zmq.MAX_SOCKETS, sockets + SPARE_SOCKETS)
        self._sockets = []  # one that is dropped is closed, perhaps before the peer is done

    def open(self, kind, high_water_mark=HIGH_WATER_MARK):
        """A socket with the high-water marks that all workers use."""
        socket = self.context.socket(getattr(self.zmq, kind))
        socket.setsockopt(self.zmq.SNDHWM, high_water_mark)
        socket.setsockopt(self.zmq.RCVHWM, high_water_mark)
        self._sockets.append(socket)
        return socket

    def bind(self, socket, endpoint):
        """Bind and return the endpoint that this gave."""
        socket.bind(endpoint)
        return socket.getsockopt(self.zmq.LAST_ENDPOINT).rstrip(b"\0").decode()

    def connect_for_good(self, socket, endpoint):
        """Connect in a way that nothing is queued before the connection stands."""
        socket.setsockopt(self.zmq.IMMEDIATE, 1)
        socket.connect(endpoint)

    def close(self):
        """Close the sockets and the context, without what they have not sent."""
        self.context.destroy(linger=0)


NNG_SOCKETS = {"PUSH": "Push0", "PULL": "Pull0", "REQ": "Req0", "REP": "Rep0", "PAIR": "Pair0"}


class NngSession:
    """Sockets of pynng, which has no contexts."""

    def __init__(self, pynng, sockets=2, io_threads=1):
        self.pynng = pynng
        self._sockets = []

    def open(self, kind):
        """A socket with room for as many messages as the other bindings' have, where its kind has queues."""
        socket = getattr(self.pynng, NNG_SOCKETS[kind])()
        self._sockets.append(socket)
        for option in ("send_buffer_size", "recv_buffer_size"):
            try:
                setattr(socket, option, HIGH_WATER_MARK)
            except self.pynng.NotSupported:
                pass
        socket.recv_max_size = 0  # messages may be as large as they like
        return socket

    def bind(self, socket, endpoint):
        """Bind and return the endpoint that this gave."""
        socket.listen(endpoint.replace("*", "0"))
        if not endpoint.startswith("tcp:"):
            return endpoint
        return f"tcp://{socket.listeners[0].local_address}"

    def connect_for_good(self, socket, endpoint):
        """Connect; nothing is ever queued before the connection stands."""
        socket.dial(endpoint, block=True)

    def close(self):
        """Close the sockets."""
        for socket in self._sockets:
            socket.close()


def open_session(library, **settings):
    """A session of a binding, given its module."""
    return (NngSession if library.__name__ == "pynng" else ZeroMQSession)(library, **settings)
