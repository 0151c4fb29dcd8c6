"""The generated files are those that the tables make, and the tables are sound."""

import importlib.util
import pathlib
import re

import pytest

import zmqbind
from zmqbind import _options, constants

ROOT = pathlib.Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("generate", ROOT / "tools" / "generate.py")
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)
FILES = generate.generate()
OPTIONS = generate.read_options()
SOCKET = [option for option in OPTIONS if option.scope == "socket"]
CONTEXT = [option for option in OPTIONS if option.scope == "context"]
BY_HAND = {"HWM", "SUBSCRIBE", "UNSUBSCRIBE", "BLOCKY"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file_is_up_to_date(path):
    assert path.read_text(encoding="utf-8") == FILES[path], "run python tools/generate.py"


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: f"{option.scope}-{option.name}")
def test_row_of_the_table(option):
    assert option.type in {"int", "bool", "int64", "uint64", "fd", "binary", "string", "key"}
    assert option.access in {"r", "w", "rw"}
    assert re.fullmatch(r"[234]\.\d\.\d", option.since)
    assert option.doc.endswith(".")
    assert not option.draft or option.since >= "4.2.3"


def test_numbers_belong_to_one_option_each():
    numbers = [option.number for option in SOCKET]
    assert len(numbers) == len(set(numbers)) > 110
    readable = [option.number for option in CONTEXT if "r" in option.access]
    assert len(readable) == len(set(readable))


def test_table_has_every_member_of_the_enums():
    for enum, options in ((constants.SocketOption, SOCKET), (constants.ContextOption, CONTEXT)):
        rows = {name: option.number for option in options for name in [option.name, *option.aliases]}
        assert rows == {name: member.value for name, member in enum.__members__.items()}


@pytest.mark.parametrize("option", [o for o in SOCKET if o.attribute], ids=lambda option: option.name)
def test_socket_attribute(option):
    descriptor = vars(_options.SocketOptions)[option.name]
    for name in [option.name, *option.aliases]:
        assert vars(_options.SocketOptions)[name] is descriptor
        assert vars(_options.SocketOptions)[name.lower()] is descriptor
        assert (name in _options.SETTABLE) == ("w" in option.access)
    assert (descriptor.number, descriptor.name, descriptor.ctype) == (option.number, option.name, option.type)
    assert (descriptor.access, descriptor.since) == (option.access, option.since)
    assert descriptor.__doc__.startswith(option.doc)


def test_no_attribute_that_is_written_by_hand():
    assert {option.name for option in _options.BY_NUMBER} == BY_HAND | {o.name for o in CONTEXT if not o.attribute}
    for name in BY_HAND:
        assert name not in vars(_options.SocketOptions)
        assert name.lower() not in vars(_options.SocketOptions)
        assert name not in _options.SETTABLE


@pytest.mark.parametrize("option", [o for o in CONTEXT if o.attribute], ids=lambda option: option.name)
def test_context_attribute(option):
    descriptor = vars(_options.ContextOptions)[option.name]
    assert vars(_options.ContextOptions)[option.name.lower()] is descriptor
    assert (descriptor.number, descriptor.name) == (option.number, option.name)
    assert (descriptor.access, descriptor.since) == (option.access, option.since)
    assert descriptor.__doc__.startswith(option.doc)


def expected(option):
    """Whether the libzmq in use must know this option; it may know more."""
    version = ".".join(map(str, zmqbind.zmq_version_info()))
    return not option.draft and not option.name.startswith(("VMCI_", "GSSAPI_")) and option.since <= version


@pytest.mark.parametrize("option", SOCKET, ids=lambda option: option.name)
def test_libzmq_agrees_that_the_option_can_be_read(option):
    if option.name in BY_HAND or "r" not in option.access or not expected(option):
        pytest.skip("not one that this libzmq must let us read")
    with zmqbind.Context() as context, context.socket(zmqbind.PAIR) as socket:
        value = getattr(socket, option.name.lower())
    assert isinstance(value, bytes if option.type in {"binary", "string", "key"} else int)


@pytest.mark.parametrize("option", SOCKET, ids=lambda option: option.name)
def test_libzmq_agrees_that_the_option_can_be_written(option):
    if option.name in BY_HAND or option.access != "rw" or option.type == "key" or not expected(option):
        pytest.skip("not one that can be set to the value it has")
    with zmqbind.Context() as context, context.socket(zmqbind.PAIR) as socket:
        value = getattr(socket, option.name.lower())
        if value == b"":
            value = b"a"
        elif option.name == "HEARTBEAT_TIMEOUT":
            value = 0  # its default, -1, can only be had by leaving it alone
        setattr(socket, option.name.lower(), value)
        assert getattr(socket, option.name.lower()) == value
