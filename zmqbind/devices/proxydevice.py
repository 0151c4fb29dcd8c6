"""Devices that also send a copy of every message to a third socket."""

from __future__ import annotations

from .._core import proxy
from ..constants import DeviceType, SocketType
from ._ends import End
from .basedevice import Device, ProcessDevice, ThreadDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ProcessProxy", "Proxy", "ThreadProxy"]


class Proxy(Device):
    """Passes messages between two sockets, and a copy of each to a third, where it runs (zmq_proxy).

    in_type, out_type: as for Device. mon_type: int, the SocketType of the third socket, usually PUB.
    """

    def __init__(self, in_type: int, out_type: int, mon_type: int = SocketType.PUB) -> None:
        super().__init__(DeviceType.QUEUE, in_type, out_type)
        self._ends.append(End("mon_type", mon_type))

    def bind_mon(self, addr: str) -> None:
        """Have the third socket bind to an endpoint. addr: str."""
        self._ends[2].binds.append(addr)

    def connect_mon(self, addr: str) -> None:
        """Have the third socket connect to an endpoint. addr: str."""
        self._ends[2].connects.append(addr)

    def setsockopt_mon(self, opt: int, value: int | bytes) -> None:
        """Have an option of the third socket set, before it binds and connects. opt: int, a SocketOption."""
        self._ends[2].options.append((opt, value))

    def bind_mon_to_random_port(self, addr: str, *args: Any, **kwargs: Any) -> int:
        """Have the third socket bind to a port that is free now; return it, int. See bind_in_to_random_port."""
        return self._ends[2].bind_to_random_port(addr, *args, **kwargs)

    def run_device(self) -> None:
        ins, outs, mons = self._setup_sockets()
        proxy(ins, outs, mons, stop=self.stopper)


class ThreadProxy(ThreadDevice, Proxy):
    """A Proxy in a thread. See ThreadDevice."""


class ProcessProxy(ProcessDevice, Proxy):
    """A Proxy in a process of its own. See ProcessDevice."""
