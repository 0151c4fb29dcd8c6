"""Devices that obey commands on a fourth socket."""

from __future__ import annotations

from .._core import proxy_steerable
from ..constants import SocketType
from ._ends import End
from .basedevice import ProcessDevice, ThreadDevice
from .proxydevice import Proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ProcessProxySteerable", "ProxySteerable", "ThreadProxySteerable"]


class ProxySteerable(Proxy):
    """A Proxy that obeys PAUSE, RESUME, TERMINATE and STATISTICS, where it runs (zmq_proxy_steerable).

    in_type, out_type, mon_type: as for Proxy. ctrl_type: int, the SocketType of the socket that takes the commands;
    None: PAIR. See zmqbind.proxy_steerable.
    """

    def __init__(
        self, in_type: int, out_type: int, mon_type: int = SocketType.PUB, ctrl_type: int | None = None
    ) -> None:
        super().__init__(in_type, out_type, mon_type)
        self._ends.append(End("ctrl_type", SocketType.PAIR if ctrl_type is None else ctrl_type))

    def bind_ctrl(self, addr: str) -> None:
        """Have the fourth socket bind to an endpoint. addr: str."""
        self._ends[3].binds.append(addr)

    def connect_ctrl(self, addr: str) -> None:
        """Have the fourth socket connect to an endpoint. addr: str."""
        self._ends[3].connects.append(addr)

    def setsockopt_ctrl(self, opt: int, value: int | bytes) -> None:
        """Have an option of the fourth socket set, before it binds and connects. opt: int, a SocketOption."""
        self._ends[3].options.append((opt, value))

    def bind_ctrl_to_random_port(self, addr: str, *args: Any, **kwargs: Any) -> int:
        """Have the fourth socket bind to a port that is free now; return it, int. See bind_in_to_random_port."""
        return self._ends[3].bind_to_random_port(addr, *args, **kwargs)

    def run_device(self) -> None:
        ins, outs, mons, ctrls = self._setup_sockets()
        proxy_steerable(ins, outs, mons, ctrls, stop=self.stopper)


class ThreadProxySteerable(ThreadDevice, ProxySteerable):
    """A ProxySteerable in a thread. See ThreadDevice."""


class ProcessProxySteerable(ProcessDevice, ProxySteerable):
    """A ProxySteerable in a process of its own. See ProcessDevice."""
