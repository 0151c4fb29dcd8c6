"""gevent: coroutines that never suspend, but block their greenlets."""

from __future__ import annotations

import gevent

import zmqbind.green

AWAITED = frozenset(
    f"{verb}{suffix}"
    for verb in ("send", "recv")
    for suffix in ("", "_multipart", "_string", "_json", "_pyobj", "_serialized", "_batch", "_batch_multipart")
) | {"recv_into", "poll"}


class _Socket:
    """A green socket whose methods are awaited."""

    def __init__(self, socket):
        object.__setattr__(self, "_socket", socket)

    def __getattr__(self, name):
        function = getattr(self._socket, name)
        if name not in AWAITED:
            return function

        async def call(*arguments, **keywords):
            return function(*arguments, **keywords)

        object.__setattr__(self, name, call)
        return call

    def __setattr__(self, name, value):
        setattr(self._socket, name, value)

    def __aiter__(self):
        return self

    async def __anext__(self):
        return self._socket.recv()


class _Context(zmqbind.green.Context):
    __slots__ = ()

    def socket(self, *arguments, **keywords):
        return _Socket(super().socket(*arguments, **keywords))


def _drive(coroutine):
    """Run a coroutine; return its result and its error."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value, None
    except BaseException as error:
        return None, error
    raise AssertionError("the coroutine was suspended")


class _Task:
    def __init__(self, coroutine):
        self.greenlet = gevent.spawn(_drive, coroutine)
        self.greenlet.rawlink(lambda _: coroutine.close())  # if it was killed before it began

    def cancel(self):
        self.greenlet.kill(block=False)

    async def wait(self):
        ended = self.greenlet.get()
        result, error = (None, ended) if isinstance(ended, gevent.GreenletExit) else ended
        if error is not None:
            raise error
        return result


class _Timeout:
    def __init__(self, seconds):
        self.timer = gevent.Timeout(seconds)

    async def __aenter__(self):
        self.timer.start()

    async def __aexit__(self, kind, error, traceback):
        self.timer.close()
        if error is self.timer:
            raise TimeoutError from error


class Adapter:
    name = "gevent"
    requires = ("gevent",)
    lacks = frozenset()
    Cancelled = gevent.GreenletExit
    timeout = _Timeout
    spawn = _Task

    @staticmethod
    async def sleep(seconds):
        # By a timer also for 0: that is a whole turn of the loop, with descriptors and timers. gevent.sleep(0) is less.
        hub = gevent.get_hub()
        with hub.loop.timer(seconds) as timer:
            hub.wait(timer)

    def make_context(self):
        return _Context()

    def run(self, function, *arguments):
        """In a greenlet of this thread's hub."""
        result, error = gevent.spawn(_drive, function(*arguments)).get()
        if error is not None:
            raise error
        return result
