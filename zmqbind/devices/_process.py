"""A device in a process of its own: how it is started, how it reports, and how it ends."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from multiprocessing.connection import Connection, wait

from ._stopper import Stopper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .basedevice import Device

__all__ = ["Link"]

GRACE = 5.0  # seconds; a device that goes on for so long after it was to stop is ended
PARENT_CHECK = 1.0  # seconds; how often to look for the parent where no descriptor tells of its end
READY = None


class Link:
    """The process of a device, as seen by the process that starts it."""

    def __init__(self, device: Device) -> None:
        self._connection, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(
            target=_main, args=(device, other), name=type(device).__name__, daemon=device.daemon
        )
        try:
            self.process.start()
        except BaseException:
            self._connection.close()
            raise
        finally:
            other.close()

    def await_ready(self) -> BaseException | None:
        """Wait for the device's sockets. Returns the error that there was instead, or None."""
        try:
            wait([self._connection, self.process.sentinel])
        except BaseException:  # Ctrl-C: nobody would know of this process any more
            self.process.terminate()
            raise
        known, error = self._report()
        if not known:
            self.process.join()
            status = self.process.exitcode
            return RuntimeError(f"the process of the device ended with status {status} before its sockets were made")
        if error is not None:
            self.process.join()
        return error

    def await_end(self, timeout: float | None) -> tuple[bool, BaseException | None]:
        """Wait for the end of the process. Returns whether it came, and the error that ended the device, or None."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            return False, None
        return True, self._report()[1]

    def request_stop(self) -> None:
        """Ask the device to stop."""
        try:
            self._connection.send(None)
        except OSError:
            pass  # it has ended

    def _report(self) -> tuple[bool, BaseException | None]:
        """Whether the process has reported, and what: an error, or READY."""
        try:
            if not self._connection.poll():
                return False, None
            return True, self._connection.recv()
        except (EOFError, OSError):
            return False, None


def _main(device: Device, connection: Connection[Any, Any]) -> None:
    """Run the device, in its process."""
    signal.set_wakeup_fd(-1)  # after a fork that of the parent's event loop
    signalled, signals = multiprocessing.Pipe(duplex=False)

    def stop(number: int, frame: object) -> None:
        signals.send(None)

    def report_ready() -> None:
        connection.send(READY)
        device._ready.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    device._on_ready = report_ready
    device.stopper = stopper = Stopper()
    threading.Thread(target=_watch, args=(stopper, signalled, connection), daemon=True).start()
    try:
        device.run()
    except BaseException as error:
        connection.send(_sendable(error))
        if device._ready.is_set():
            raise
        raise SystemExit(1) from None


def _watch(stopper: Stopper, signalled: Connection[Any, Any], connection: Connection[Any, Any]) -> None:
    """Stop the device when the other process asks for it or has ended, or a signal came. If it goes on, end it."""
    parent, ends, exact = _ends_of_parent()
    waiting_for = [signalled, connection, *ends]
    while True:
        ready = wait(waiting_for, None if exact else PARENT_CHECK)
        if ready == [connection] and _is_dropped(connection):
            waiting_for.remove(connection)
        elif ready or os.getppid() != parent:
            break
    stopper.request()
    time.sleep(GRACE)
    os._exit(1)


def _ends_of_parent() -> tuple[int, list[Any], bool]:
    """The process's parent, what becomes readable when the one that started it has ended, and whether that is sure.

    multiprocessing's sentinel is a pipe that processes forked later hold open too. So Linux's own descriptor is used as
    well, and elsewhere the number of the parent is looked at: it changes.
    """
    number = os.getppid()
    starter = multiprocessing.parent_process()
    assert starter is not None and starter.pid is not None
    ends: list[Any] = [starter.sentinel]
    if hasattr(os, "pidfd_open"):
        try:
            return number, [*ends, os.pidfd_open(starter.pid)], True
        except OSError:  # an old kernel; or it has ended, which the sentinel tells
            pass
    return number, ends, False


def _is_dropped(connection: Connection[Any, Any]) -> bool:
    """Whether the other process has dropped its end, without a word: it no longer cares, but the device goes on."""
    try:
        connection.recv()
    except (EOFError, OSError):
        return True
    return False


def _sendable(error: BaseException) -> BaseException:
    """The error as the other process can unpickle it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
