"""Other Cython code uses zmqbind's classes and libzmq's functions."""

import importlib.util
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import zmqbind as zmq

MODULE = """
# cython: language_level=3
from zmqbind cimport Context, Frame, Socket, libzmq


def send_numbers(Socket socket not None, int count):
    cdef int number
    socket.handle.exposed = True
    with nogil:
        for number in range(count):
            if libzmq.zmq_send(socket.handle.pointer, &number, sizeof(number), 0) < 0:
                break
    return number


def size(Frame frame not None):
    return libzmq.zmq_msg_size(&frame.msg)


def is_context(Context context not None):
    return context.handle.pointer != NULL
"""

BUILD = """
import sys
from Cython.Build import cythonize
from setuptools import Extension, setup

import zmqbind

extension = Extension("others", ["others.pyx"], libraries=["zmq"])
setup(
    name="others",
    script_args=["-q", "build_ext", "--inplace"],
    ext_modules=cythonize([extension], include_path=zmqbind.get_includes(), quiet=True),
)
"""


@pytest.fixture
def others(tmp_path, monkeypatch):
    """A module that was written in Cython and compiled against zmqbind."""
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    if not Path(zmq._core.libzmq_path() or "").name.startswith("libzmq"):
        pytest.skip("this zmqbind has a libzmq of its own, which others cannot link with")
    if shutil.which("cc") is None or subprocess.run(["pkg-config", "--exists", "libzmq"]).returncode:
        pytest.skip("there is no C compiler, or no libzmq to compile against")
    (tmp_path / "others.pyx").write_text(MODULE)
    (tmp_path / "build.py").write_text(textwrap.dedent(BUILD))
    build = subprocess.run([sys.executable, "build.py"], cwd=tmp_path, capture_output=True, text=True)
    assert build.returncode == 0, build.stdout + build.stderr
    (path,) = [*tmp_path.glob("others*.so"), *tmp_path.glob("others*.pyd")]
    spec = importlib.util.spec_from_file_location("others", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_module_of_others(others, context, connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    assert others.send_numbers(sender, 3) == 2
    assert [int.from_bytes(receiver.recv(), sys.byteorder) for _ in range(3)] == [0, 1, 2]
    assert others.size(zmq.Frame(b"12345")) == 5
    assert others.is_context(context) and not others.is_context(_ended())
    with pytest.raises(TypeError):
        others.send_numbers(context, 1)


def _ended():
    context = zmq.Context()
    context.term()
    return context
