"""install_as_zmq: `import zmq` gets zmqbind, as a program would see it that was written for PyZMQ."""

from __future__ import annotations

import pytest

import zmqbind

INSTALL = "import sys, zmqbind; zmqbind.install_as_zmq()\n"


@pytest.fixture
def run_as_zmq(run_python):
    """``run_as_zmq(code)``: what a child interpreter prints that has called install_as_zmq before."""

    def run(code, **options):
        return run_python(INSTALL + code, **options).splitlines()

    return run


def test_modules_are_zmqbinds_own(run_as_zmq):
    code = """
import zmq, zmq.asyncio
from importlib import import_module
from zmq.utils import jsonapi
from zmq.auth.certs import create_certificates
for name in ("asyncio", "utils", "utils.monitor", "utils.jsonapi", "auth", "auth.certs", "error", "constants"):
    module = import_module("zmq." + name)
    ours = sys.modules["zmqbind." + name]
    print(sys.modules["zmq." + name] is module is ours, ours.__name__ == ours.__spec__.name == "zmqbind." + name)
print(zmq.Socket is zmqbind.Socket, zmq.asyncio is zmqbind.asyncio, zmq.ZMQError is zmq.error.ZMQError)
"""
    assert run_as_zmq(code) == ["True True"] * 8 + ["True True True"]


def test_versions(run_as_zmq):
    code = """
import zmq, importlib.metadata as metadata
print(zmq.__version__, zmq.pyzmq_version(), metadata.version("pyzmq"), metadata.version("PyZMQ"), zmqbind.__version__)
"""
    level = zmqbind.pyzmq_version()
    assert run_as_zmq(code) == [f"{level} {level} {level} {level} {zmqbind.__version__}"]


def test_nothing_loads_before_it_is_imported(run_as_zmq):
    code = """
before = set(sys.modules)
import zmq
print(sorted(set(sys.modules) - before))
import zmq.asyncio
print("asyncio" in sys.modules, "zmq.auth" in sys.modules)
"""
    assert run_as_zmq(code) == ["['zmq']", "True False"]


def test_old_paths(run_as_zmq):
    code = """
import zmq
print(zmq.sugar.socket.Socket is zmq.backend.Socket is zmq.Socket, zmq.sugar.version.pyzmq_version())
from zmq.sugar.constants import POLLIN
from zmq.sugar.context import Context, SyncContext
from zmq.sugar.frame import Frame, Message
from zmq.sugar.poll import Poller, select
from zmq.sugar.stopwatch import Stopwatch
from zmq.sugar.tracker import MessageTracker
from zmq.sugar import *
from zmq.backend.cython._zmq import monitored_queue
from zmq.backend.cython import strerror
from zmq.devices.basedevice import ThreadDevice
from zmq.utils.garbage import gc
print(Context is zmq.Context, Message is zmq.Frame, strerror is zmq.strerror, POLLIN is zmq.POLLIN, gc.is_alive())
gc.context = Context()
gc.stop()
"""
    first, second = run_as_zmq(code)
    assert first == f"False {zmqbind.pyzmq_version()}"  # the backend's is the base of both
    assert second == "True True True True False"


@pytest.mark.parametrize("name", ["zmq.nothing", "zmq.sugar.nothing", "zmq.error.nothing"])
def test_modules_that_there_are_not(run_as_zmq, name):
    code = f"""
import zmq
try:
    import {name}
except ModuleNotFoundError as error:
    print(error.name, hasattr(zmq, "nothing"), hasattr(zmq, "__wrapped__"))
"""
    assert run_as_zmq(code) == [f"{name} False False"]


def test_what_is_set_in_one_is_set_in_both(run_as_zmq):
    code = """
import zmq
from unittest import mock
zmq.COPY_THRESHOLD = 7
zmqbind.EXIT_LINGER = 8
print(zmqbind.COPY_THRESHOLD, zmq.EXIT_LINGER)
real = zmq.Context
for module in ("zmq", "zmqbind"):
    with mock.patch(module + ".Context"):
        print(zmq.Context is zmqbind.Context is not real)
    print(zmq.Context is zmqbind.Context is real)
zmq.mine = 1
del zmqbind.mine
print(hasattr(zmq, "mine"))
"""
    assert run_as_zmq(code) == ["7 8", "True", "True", "True", "True", "False"]


def test_the_import_system(run_as_zmq):
    code = """
import importlib, importlib.util as util, pickle, runpy
print(util.find_spec("zmq").name, util.find_spec("zmq.asyncio").origin == util.find_spec("zmqbind.asyncio").origin)
import zmq, zmq.asyncio, zmq.sugar
print(util.find_spec("zmq") is zmq.__spec__, zmq.__file__ == zmqbind.__file__, "Socket" in dir(zmq))
zmq.__version__ = "0"
print(importlib.reload(zmq) is zmq, zmq.__version__ == zmq.pyzmq_version(), zmq.Socket is zmqbind.Socket)
print(importlib.reload(zmq.sugar) is zmq.sugar, importlib.reload(zmq.asyncio) is zmqbind.asyncio)
print([pickle.loads(pickle.dumps(value)) == value for value in (zmq.Socket, zmq.PUB, zmq.constants.Errno.EAGAIN)])
print(pickle.loads(b"czmq.sugar.socket\\nSocket\\n.") is zmq.Socket)
print(sorted(name for name in runpy.run_module("zmq.utils.z85") if name.endswith("code")))
"""
    assert run_as_zmq(code) == [
        "zmq True",
        "True True True",
        "True True True",
        "True True",
        "[True, True, True]",
        "True",
        "['decode', 'encode']",
    ]


def test_threads_that_import_at_the_same_time(run_as_zmq):
    code = """
import threading
ready, seen = threading.Barrier(8), []
def get():
    ready.wait()
    import zmq, zmq.utils.monitor, zmq.sugar.socket
    seen.append((zmq.Socket, zmq.utils.monitor.parse_monitor_message, zmq.sugar.socket.Socket))
threads = [threading.Thread(target=get) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(seen), len(set(seen)), sys.modules["zmqbind.utils.monitor"].__spec__.name)
"""
    assert run_as_zmq(code) == ["8 1 zmqbind.utils.monitor"]


def test_twice(run_as_zmq):
    code = """
import zmq
zmqbind.install_as_zmq()
print(len([finder for finder in sys.meta_path if type(finder).__module__.startswith("zmqbind")]))
"""
    assert run_as_zmq(code) == ["1"]


def test_after_pyzmq(run_python):
    pytest.importorskip("zmq")
    code = """
    import zmq, zmqbind
    for _ in range(2):
        try:
            zmqbind.install_as_zmq()
        except RuntimeError as error:
            print(zmq.__file__ in str(error), "another zmq was imported before" in str(error))
    import zmq.asyncio
    print(zmq.asyncio.Socket is not zmqbind.Socket)
    """
    assert run_python(code) == "True True\nTrue True\nTrue\n"
