"""Devices that also publish every message, with a prefix that tells its direction."""

from __future__ import annotations

from .._core import monitored_queue
from ..constants import SocketType
from .basedevice import ProcessDevice, ThreadDevice
from .proxydevice import Proxy

__all__ = ["MonitoredQueue", "ProcessMonitoredQueue", "ThreadMonitoredQueue"]


class MonitoredQueue(Proxy):
    """A Proxy whose copies have a prefix that tells the direction, where it runs. Both sockets may be ROUTERs.

    in_type, out_type, mon_type: as for Proxy. in_prefix, out_prefix: bytes, the first frame of the copies of what came
    in at the first and at the second socket. Raises TypeError. See zmqbind.devices.monitored_queue.
    """

    def __init__(
        self,
        in_type: int,
        out_type: int,
        mon_type: int = SocketType.PUB,
        in_prefix: bytes = b"in",
        out_prefix: bytes = b"out",
    ) -> None:
        super().__init__(in_type, out_type, mon_type)
        for name, prefix in (("in_prefix", in_prefix), ("out_prefix", out_prefix)):
            if not isinstance(prefix, bytes):
                raise TypeError(f"{name}: expected bytes, got {type(prefix).__name__}")
        self._in_prefix = in_prefix
        self._out_prefix = out_prefix

    def run_device(self) -> None:
        ins, outs, mons = self._setup_sockets()
        monitored_queue(ins, outs, mons, self._in_prefix, self._out_prefix, stop=self.stopper)


class ThreadMonitoredQueue(ThreadDevice, MonitoredQueue):
    """A MonitoredQueue in a thread. See ThreadDevice."""


class ProcessMonitoredQueue(ProcessDevice, MonitoredQueue):
    """A MonitoredQueue in a process of its own. See ProcessDevice."""
