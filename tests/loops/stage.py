"""What the behaviours of tests/loops play on: an adapter of a loop, a context on it, endpoints, blocking peers."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import zmqbind as zmq

HERE = Path(__file__).parent
PATIENCE = 45  # seconds; nothing takes as long, and pytest gives a test a little more


def adapters():
    """Parameters of pytest: the classes of the files in adapters/; skipped where their library is missing."""
    found = []
    for path in sorted(HERE.glob("adapters/*.py")):
        try:
            module = importlib.import_module(f"loops.adapters.{path.stem}")
        except ModuleNotFoundError as error:
            skip = pytest.mark.skip(reason=f"{error.name} is not installed")
            found.append(pytest.param(None, id=path.stem, marks=skip))
            continue
        classes = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
        found += [pytest.param(value, id=value.name) for value in classes if isinstance(getattr(value, "name", 0), str)]
    return found


def make_adapter(adapter_class):
    """An adapter; skips the test if its library is missing."""
    for name in adapter_class.requires:
        pytest.importorskip(name)
    return adapter_class()


class Stage:
    """An adapter and what a behaviour needs beside it."""

    def __init__(self, adapter, directory):
        self.adapter = adapter
        self.directory = directory
        self.context = adapter.make_context()
        self.peers = []
        self.sockets = []
        self.names = 0

    def inproc(self):
        """An inproc endpoint that nobody else uses."""
        self.names += 1
        return f"inproc://{self.names}"

    def ipc(self):
        """An ipc endpoint that nobody else uses."""
        self.names += 1
        return f"ipc://{self.directory}/{self.names}"

    def socket(self, kind, **options):
        """A socket of the loop's."""
        return self.make(self.context, kind, options)

    def blocking(self, kind, **options):
        """A blocking socket of the same context."""
        return self.make(zmq.Context.shadow(self.context.underlying), kind, options)

    def make(self, context, kind, options):
        socket = context.socket(kind)
        self.sockets.append(socket)
        for name, value in options.items():
            setattr(socket, name, value)
        return socket

    def pair(self, first, second, endpoint=None, **options):
        """Two connected sockets of the loop's, the first bound; both with the options."""
        return self.connect(self.socket(first, **options), self.socket(second, **options), endpoint)

    def fed(self, kind=zmq.PULL, sender=zmq.PUSH, **options):
        """A blocking socket and a socket of the loop's that receives what it sends."""
        return self.connect(self.blocking(sender, **options), self.socket(kind, **options))

    def connect(self, first, second, endpoint=None):
        """Bind the first socket and connect the second to it; return both."""
        first.bind(endpoint or self.inproc())
        second.connect(first.last_endpoint.decode().rstrip("\0"))
        return first, second

    def peer(self, library, role, socket, count):
        """Start a blocking peer (peer.py) of a socket that has been bound."""
        command = [sys.executable, HERE / "peer.py", library, role, socket.last_endpoint.decode(), str(count)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.peers.append(child)
        return child

    def finished(self, child):
        """Assert that a peer has done its part; it is about to end."""
        output, _ = child.communicate(timeout=PATIENCE)
        assert child.returncode == 0 and output.strip() == "done", output

    async def settle(self, turns=5):
        """Let the other tasks go on until they wait for something."""
        for _ in range(turns):
            await self.adapter.sleep(0)

    async def spawned(self, coroutine):
        """A task that has had time to begin to wait."""
        task = self.adapter.spawn(coroutine)
        await self.settle()
        return task

    def close_sockets(self):
        """Close all sockets, while the loop runs still."""
        for socket in self.sockets:
            socket.close(linger=0)

    def close(self):
        for child in self.peers:
            with child:
                child.kill()
        self.context.destroy(linger=0)
