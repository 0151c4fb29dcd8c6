"""Devices that pass messages from one socket to another: here, in a thread, or in a process."""

from __future__ import annotations

import multiprocessing
import threading

import zmqbind

from .._core import proxy
from ..constants import DeviceType
from ..context import Context
from ..error import ContextTerminated
from . import _process
from ._ends import End
from ._stopper import Stopper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..socket import Socket

__all__ = ["Device", "ProcessDevice", "ThreadDevice"]

_OF_ONE_RUN = (
    "launcher",
    "stopper",
    "_sockets",
    "_ended",
    "_ready",
    "_on_ready",
    "_link",
    "_context",
)  # not for another process


class Device:
    """Passes messages between two sockets that it makes itself, where it runs.

    device_type: int, a DeviceType; all behave the same. in_type, out_type: int, a SocketType; where out_type is
    negative, the first socket is both ends. Raises TypeError, ValueError.

    Say with the methods below what the sockets are to bind, connect and set; then call start(). This class runs where
    start() is called, its subclasses in a thread or a process in the background.

    daemon: bool, whether the thread or process may be left behind when the program ends. context_factory: function
    that returns the Context to use. done: bool, whether it has ended.
    """

    context_factory: Callable[[], Context[Any]] = Context.instance
    stopper: Stopper | None  #: what tells run_device to return; None where the device does not run
    launcher: Any  #: the thread or process it runs in
    _context: Context[Any] | None
    _sockets: list[Socket[Any]]

    def __init__(
        self, device_type: int = DeviceType.QUEUE, in_type: int | None = None, out_type: int | None = None
    ) -> None:
        if in_type is None:
            raise TypeError("in_type must be specified")
        if out_type is None:
            raise TypeError("out_type must be specified")
        self.device_type = DeviceType(device_type)
        self.in_type = in_type
        self.out_type = out_type
        self._ends = [End("in_type", in_type), End("out_type", out_type)]
        self.daemon = True
        self.done = False
        self.error: BaseException | None = None  #: what ended it, if it was an error
        self._started = False
        self._forget_run()

    # What the sockets are to do

    def bind_in(self, addr: str) -> None:
        """Have the first socket bind to an endpoint. addr: str."""
        self._ends[0].binds.append(addr)

    def bind_out(self, addr: str) -> None:
        """Have the second socket bind to an endpoint. addr: str."""
        self._ends[1].binds.append(addr)

    def connect_in(self, addr: str) -> None:
        """Have the first socket connect to an endpoint. addr: str."""
        self._ends[0].connects.append(addr)

    def connect_out(self, addr: str) -> None:
        """Have the second socket connect to an endpoint. addr: str."""
        self._ends[1].connects.append(addr)

    def setsockopt_in(self, opt: int, value: int | bytes) -> None:
        """Have an option of the first socket set, before it binds and connects. opt: int, a SocketOption."""
        self._ends[0].options.append((opt, value))

    def setsockopt_out(self, opt: int, value: int | bytes) -> None:
        """Have an option of the second socket set, before it binds and connects. opt: int, a SocketOption."""
        self._ends[1].options.append((opt, value))

    def bind_in_to_random_port(self, addr: str, *args: Any, **kwargs: Any) -> int:
        """Have the first socket bind to a port that is free now; return it, int.

        The arguments are those of Socket.bind_to_random_port. Somebody else may take the port before the device
        starts; then start() fails.
        """
        return self._ends[0].bind_to_random_port(addr, *args, **kwargs)

    def bind_out_to_random_port(self, addr: str, *args: Any, **kwargs: Any) -> int:
        """Have the second socket bind to a port that is free now; return it, int. See bind_in_to_random_port."""
        return self._ends[1].bind_to_random_port(addr, *args, **kwargs)

    # Running

    def start(self) -> None:
        """Run the device, and return when it has ended.

        Raises ZMQError if a socket cannot be made, set up, bound or connected, and RuntimeError if it runs already.
        """
        self._begin()
        self.run()

    def run(self) -> None:
        """Make the sockets and run the device; what start() has the thread or process do.

        Returns when it was stopped, or the context terminated.
        """
        try:
            if self.stopper is None:
                self.stopper = Stopper()
            self._setup_sockets()
            self._on_ready()
            try:
                self.run_device()
            except ContextTerminated:
                pass
        finally:
            self._close_sockets()
            if self.stopper is not None:
                self.stopper.close()
                self.stopper = None
            self.done = True
            self._ended.set()

    def run_device(self) -> None:
        """Pass messages until `self.stopper` has something to read; subclasses may do that in their own way."""
        ins, outs = self._setup_sockets()
        proxy(ins, outs, stop=self.stopper)

    def stop(self, timeout: float | None = None) -> None:
        """End the device and wait until it has ended; does nothing if it does not run.

        timeout: seconds; None: without limit. Raises TimeoutError when the time is up, and what join raises. A signal
        handler asks without waiting: `device.stopper.request()`.
        """
        if not self._started or self.done:
            return
        self._request_stop()
        self.join(timeout)
        if not self.done:
            raise TimeoutError(f"the device has not stopped within {timeout} seconds")

    def join(self, timeout: float | None = None) -> None:
        """Wait until the device has ended. timeout: seconds; None: without limit.

        Raises what ended the device, where that was an error, and RuntimeError if it was never started.
        """
        if not self._started:
            raise RuntimeError("the device has not been started")
        self._wait(timeout)
        if self.done and self.error is not None:
            raise self.error

    def _wait(self, timeout: float | None) -> None:
        self._ended.wait(timeout)

    def _request_stop(self) -> None:
        stopper = self.stopper
        if stopper is not None:
            stopper.request()

    def _setup_sockets(self) -> tuple[Socket[Any], ...]:
        """Return the sockets, made at the first call."""
        if not self._sockets:
            context = self._context = self.context_factory()
            for end in self._ends:
                single = end is self._ends[1] and self.out_type < 0
                self._sockets.append(self._sockets[0] if single else end.make(context))
        return tuple(self._sockets)

    def _close_sockets(self) -> None:
        for end, socket in zip(self._ends, self._sockets, strict=False):
            end.unbind(socket)
            socket.close()
        self._sockets = []

    def _begin(self) -> None:
        """Forget an earlier run."""
        if self._started and not self.done:
            raise RuntimeError("the device runs already")
        self._started, self.done, self.error = True, False, None
        self._forget_run()

    def _forget_run(self) -> None:
        self.stopper = None
        self._context = None
        self._sockets = []
        self._ready, self._ended = threading.Event(), threading.Event()
        self._on_ready: Callable[[], None] = self._ready.set

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _OF_ONE_RUN}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget_run()


class ThreadDevice(Device):
    """A Device in a thread. It uses Context.instance(), unless told otherwise; terminating that ends it."""

    launcher: threading.Thread

    def start(self) -> None:
        """Run the device in a thread; return when its sockets are bound and connected.

        Raises ZMQError if a socket cannot be made, set up, bound or connected, and RuntimeError if it runs already.
        """
        self._begin()
        self.launcher = threading.Thread(target=self._run, name=type(self).__name__, daemon=self.daemon)
        try:
            self.launcher.start()
        except BaseException:
            self._started = False
            raise
        self._ready.wait()
        if self.done and self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            self.run()
        except BaseException as error:
            self.error = error
            if self._ready.is_set():
                raise
        finally:
            self._ready.set()

    def _wait(self, timeout: float | None) -> None:
        self.launcher.join(timeout)


class ProcessDevice(Device):
    """A Device in a process of its own, with a Context of its own. It ends when the process that started it does."""

    launcher: multiprocessing.Process
    context_factory: Callable[[], Context[Any]] = Context
    _link: _process.Link

    def start(self) -> None:
        """Run the device in a process; return when its sockets are bound and connected.

        The process is started as multiprocessing.set_start_method says. Raises ZMQError if a socket cannot be made,
        set up, bound or connected, and RuntimeError if it runs already, or the process ends before it comes to that.
        """
        self._begin()
        try:
            self._link = _process.Link(self)
        except BaseException:  # such as what multiprocessing raises for what cannot be pickled
            self._started = False
            raise
        self.launcher = self._link.process
        self.error = self._link.await_ready()
        if self.error is not None:
            self.done = True
            raise self.error

    def _wait(self, timeout: float | None) -> None:
        self.done, self.error = self._link.await_end(timeout)

    def _request_stop(self) -> None:
        self._link.request_stop()

    def _close_sockets(self) -> None:
        """In the process: close the sockets, and wait until what lingers is sent, as leaving Python does."""
        for socket in self._sockets:
            if not socket.closed and not 0 <= socket.linger <= zmqbind.EXIT_LINGER:
                socket.linger = zmqbind.EXIT_LINGER
            socket.close()
        self._sockets = []
        if self._context is not None:
            self._context.term()
