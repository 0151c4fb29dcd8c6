"""zmqbind.constants against PyZMQ's constants and against the macros of the zmq.h installed here."""

import enum
import errno
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from zmqbind import constants

ENUMS = {
    name: value
    for name, value in vars(constants).items()
    if isinstance(value, type) and issubclass(value, enum.Enum) and value.__module__ == constants.__name__
}
TOP_LEVEL = {name: getattr(constants, name) for name in constants.__all__ if name not in ENUMS}

# A process of its own, so that it is PyZMQ whatever this one's sys.modules["zmq"] is.
LIST_PYZMQ = """
import enum, json, zmq.constants as c
enums = {n: {m: v.value for m, v in o.__members__.items()} for n, o in vars(c).items()
         if isinstance(o, type) and issubclass(o, enum.Enum) and o.__module__ == c.__name__ and n[0] != "_"}
top = {n: o.value for n, o in vars(c).items() if isinstance(o, enum.Enum)}
print(json.dumps([enums, top]))
"""


@pytest.fixture(scope="module")
def pyzmq():
    done = subprocess.run([sys.executable, "-c", LIST_PYZMQ], capture_output=True, text=True, timeout=50)
    if "No module named 'zmq'" in done.stderr:
        pytest.skip("PyZMQ is not installed")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def header_path():
    """The zmq.h that the compiler would take, or None."""
    places = []
    if "ZMQBIND_LIBZMQ" in os.environ:
        places.append(os.path.join(os.environ["ZMQBIND_LIBZMQ"], "include"))
    try:
        command = ["pkg-config", "--variable=includedir", "libzmq"]
        places.append(subprocess.run(command, capture_output=True, text=True, timeout=50).stdout.strip())
    except FileNotFoundError:
        pass
    places += ["/usr/include", "/usr/local/include"]
    return next((path for place in places if (path := pathlib.Path(place, "zmq.h")).is_file()), None)


@pytest.fixture(scope="module")
def macros():
    """Names, without ZMQ_, and values of zmq.h's integer macros."""
    path = header_path()
    if path is None:
        pytest.skip("no zmq.h found")
    found: dict[str, int] = {}
    term = r"(?:-?\d\w*|ZMQ_\w+)"
    define = re.compile(rf"^#define ZMQ_(\w+) ({term}(?: \| {term})*)$", re.MULTILINE)
    for name, text in define.findall(path.read_text()):
        found[name] = 0
        for part in text.split(" | "):
            found[name] |= found[part[4:]] if part.startswith("ZMQ_") else int(part, 0)
    return found


def test_every_enum_of_pyzmq_has_the_same_members(pyzmq):
    theirs, _ = pyzmq
    assert len(theirs) == 13
    ours = {name: {member: int(v) for member, v in e.__members__.items()} for name, e in ENUMS.items()}
    for name, members in theirs.items():
        assert {member: ours[name].get(member) for member in members} == members


def test_every_name_of_pyzmq_has_the_same_value(pyzmq):
    _, theirs = pyzmq
    assert len(theirs) > 240
    assert {name: int(TOP_LEVEL[name]) for name in theirs} == theirs


def test_what_pyzmq_lacks_is_known(pyzmq):
    theirs, names = pyzmq
    more = {f"{name}.{m}" for name, e in ENUMS.items() for m in e.__members__ if m not in theirs[name]}
    assert more == {"ContextOption.BLOCKY", "ContextOption.IPV6", "ContextOption.ZERO_COPY_RECV"}
    assert set(TOP_LEVEL) - set(names) == {"ZERO_COPY_RECV"}


def test_values_are_those_of_the_header(macros):
    common = set(macros) & set(TOP_LEVEL)
    assert len(common) > 150
    differing = {name: macros[name] for name in common if macros[name] != TOP_LEVEL[name]}
    # libzmq before 4.3.5 had a 3 for this draft flag, which is the two others together.
    if differing == {"RECONNECT_STOP_AFTER_DISCONNECT": 3}:
        differing = {}
    assert differing == {}


def test_no_macro_of_the_header_is_forgotten(macros):
    other = re.compile(r"VERSION|HAUSNUMERO|GSSAPI_NT_|GROUP_MAX|CURRENT_EVENT_|HAS_|DEFINED_|.*_DFLT$")
    missing = {name for name in macros if name not in TOP_LEVEL and not other.match(name)}
    assert missing == set()


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_enum_is_integer_and_documented(name):
    flags = {"Flag", "PollEvent", "Event", "RouterNotify", "ReconnectStop"}
    assert issubclass(ENUMS[name], enum.IntFlag if name in flags else enum.IntEnum)
    assert ENUMS[name].__doc__ and ENUMS[name].__doc__ != enum.IntEnum.__doc__


def test_errno_is_the_platforms():
    assert constants.EAGAIN == errno.EAGAIN
    assert constants.ENOTSOCK == errno.ENOTSOCK
    assert constants.ETERM == 156384712 + 53
    assert constants.Errno(errno.EHOSTUNREACH) is constants.EHOSTUNREACH


def test_names_at_the_top_level_are_enum_members():
    for name, value in TOP_LEVEL.items():
        assert type(value).__name__ in ENUMS, name
    assert constants.LINGER is constants.SocketOption.LINGER
    assert constants.BLOCKY is constants.SocketOption.BLOCKY
    assert constants.IDENTITY is constants.ROUTING_ID
    assert constants.EVENT_ALL is constants.Event.ALL
    assert constants.NOTIFY_CONNECT | constants.NOTIFY_DISCONNECT == constants.RouterNotify(3)


def test_module_imports_nothing_but_enum_and_errno():
    # By path: importing the package would import all sorts of things.
    code = (
        "import enum, errno, runpy, sys\n"
        "before = set(sys.modules)\n"
        "import importlib.util as u\n"
        "before |= set(sys.modules)\n"
        f"spec = u.spec_from_file_location('constants', {constants.__file__!r})\n"
        "spec.loader.exec_module(u.module_from_spec(spec))\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
