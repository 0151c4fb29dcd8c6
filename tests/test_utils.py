"""zmqbind.utils: JSON, Z85, text and bytes, and pointers of other libraries."""

import ctypes
import json
import os
import signal
import subprocess
import sys

import pytest

from zmqbind.utils import interop, jsonapi, strtypes, win32, z85

RFC_BYTES = bytes.fromhex("864FD26FB559F75B")
RFC_TEXT = b"HelloWorld"

# PyZMQ in a process of its own, so that it is PyZMQ whatever this one's sys.modules["zmq"] is.
ASK_PYZMQ = """
import json, sys
from zmq.utils import jsonapi, z85
blocks, objects = json.load(sys.stdin)
print(json.dumps([[z85.encode(bytes.fromhex(b)).decode() for b in blocks],
                  [jsonapi.dumps(o).decode() for o in objects]]))
"""


def test_encodings_are_those_of_pyzmq():
    blocks = [os.urandom(4 * n).hex() for n in range(20)] + ["00000000", "ffffffff"]
    objects = [{"a": [1, 2.5, None]}, "\u00e9\u20ac", [], True, {"b": 1, "a": {"c": "\\"}}]
    done = subprocess.run(
        [sys.executable, "-c", ASK_PYZMQ],
        input=json.dumps([blocks, objects]),
        capture_output=True,
        text=True,
        timeout=50,
    )
    if "No module named 'zmq'" in done.stderr:
        pytest.skip("PyZMQ is not installed")
    texts, documents = json.loads(done.stdout)
    assert [z85.encode(bytes.fromhex(block)).decode() for block in blocks] == texts
    assert [z85.decode(text).hex() for text in texts] == blocks
    assert [jsonapi.dumps(o).decode() for o in objects] == documents


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_z85_vector_of_the_specification(make):
    assert z85.encode(make(RFC_BYTES)) == RFC_TEXT
    assert z85.decode(make(RFC_TEXT)) == RFC_BYTES


def test_z85_takes_text_and_nothing():
    assert z85.decode("HelloWorld") == RFC_BYTES
    assert z85.encode(b"") == z85.decode(b"") == z85.decode("") == b""


def test_z85_is_libzmqs():
    from zmqbind import curve_keypair, curve_public

    public, secret = curve_keypair()
    for key in (public, secret):
        assert len(z85.decode(key)) == 32
        assert z85.encode(z85.decode(key)) == key
    assert curve_public(z85.encode(z85.decode(secret))) == public


def test_z85_every_pair_of_characters():
    for first in z85.DIGITS:
        for second in z85.DIGITS:
            text = bytes([48, 48, 48, first, second])
            assert z85.encode(z85.decode(text)) == text
    assert len(set(z85.DIGITS)) == 85


@pytest.mark.parametrize("length", [1, 2, 3, 5, 31])
def test_z85_encode_refuses_length(length):
    with pytest.raises(ValueError, match=f"multiple of 4, not {length}"):
        z85.encode(bytes(length))


@pytest.mark.parametrize("length", [1, 4, 6, 39])
def test_z85_decode_refuses_length(length):
    with pytest.raises(ValueError, match=f"multiple of 5, not {length}"):
        z85.decode(b"0" * length)


@pytest.mark.parametrize(
    ("text", "character", "place"),
    [
        (b"abcd ", "' '", 4),
        ("01234ab~de", "'~'", 7),
        (b"\xff0000", "'\u00ff'", 0),
        ("000\u20ac0", "'\u20ac'", 3),
        (b"0000\x00", r"'\x00'", 4),
    ],
)
def test_z85_decode_names_the_character(text, character, place):
    with pytest.raises(ValueError, match="is not a Z85 character") as caught:
        z85.decode(text)
    assert str(caught.value).startswith(f"{character} at {place} ")


def test_z85_decode_refuses_too_large_a_number():
    assert z85.decode(b"%nSc0") == b"\xff\xff\xff\xff"
    with pytest.raises(ValueError, match="'%nSc1' at 5 stands for more than 4 bytes"):
        z85.decode(b"00000%nSc1")
    with pytest.raises(ValueError, match="more than 4 bytes"):
        z85.decode(b"#####")


@pytest.mark.parametrize("value", [None, 1, object()])
def test_z85_refuses_other_types(value):
    with pytest.raises(TypeError):
        z85.encode(value)
    with pytest.raises(TypeError):
        z85.decode(value)
    with pytest.raises(TypeError):
        z85.encode("text")


def test_json_bytes():
    assert jsonapi.dumps({"a": [1, None]}) == b'{"a": [1, null]}'
    assert jsonapi.dumps("\u00e9") == b'"\\u00e9"'
    assert jsonapi.dumps("\u00e9", ensure_ascii=False) == b'"\xc3\xa9"'
    assert jsonapi.dumps({"b": 1, "a": [2]}, sort_keys=True, separators=(",", ":")) == b'{"a":[2],"b":1}'


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview, lambda data: data.decode()])
def test_json_loads(make):
    assert jsonapi.loads(make(b'{"a": "\xc3\xa9", "b": 1.5}'), parse_float=str) == {"a": "\u00e9", "b": "1.5"}


def test_json_refuses():
    with pytest.raises(TypeError, match="set"):
        jsonapi.dumps({1})
    with pytest.raises(UnicodeDecodeError):
        jsonapi.loads(b"\xff")
    with pytest.raises(json.JSONDecodeError):
        jsonapi.loads(b"")
    with pytest.raises(TypeError, match="NoneType"):
        jsonapi.loads(None)
    with pytest.raises(TypeError):
        jsonapi.dumps(1, bogus=True)


def test_strtypes():
    assert strtypes.cast_bytes("a\u00e9") == b"a\xc3\xa9"
    assert strtypes.cast_bytes("\u00e9", "latin1") == b"\xe9"
    assert strtypes.cast_bytes("a\u20ac", encoding="ascii", errors="ignore") == b"a"
    assert strtypes.cast_bytes(b"\xff") == b"\xff"
    assert strtypes.cast_unicode(b"a\xc3\xa9") == "a\u00e9"
    assert strtypes.cast_unicode(b"\xe9", "latin1") == "\u00e9"
    assert strtypes.cast_unicode(b"\xff", errors="replace") == "\ufffd"
    assert strtypes.cast_unicode("\u20ac") == "\u20ac"
    with pytest.raises(UnicodeDecodeError):
        strtypes.cast_unicode(b"\xff")
    assert strtypes.b is strtypes.asbytes is strtypes.cast_bytes
    assert strtypes.u is strtypes.cast_unicode
    assert (strtypes.bytes, strtypes.unicode) == (bytes, str)
    assert isinstance("", strtypes.basestring) and not isinstance(b"", strtypes.basestring)


@pytest.mark.parametrize("function", [strtypes.cast_bytes, strtypes.cast_unicode])
@pytest.mark.parametrize("value", [None, 1, bytearray(b"a"), memoryview(b"a")])
def test_strtypes_refuses(function, value):
    with pytest.raises(TypeError, match="Expected unicode or bytes, got "):
        function(value)


def test_address_of_ctypes_pointers():
    number = ctypes.c_int(5)
    address = ctypes.addressof(number)
    assert interop.cast_int_addr(address) == address
    assert interop.cast_int_addr(ctypes.c_void_p(address)) == address
    assert interop.cast_int_addr(ctypes.pointer(number)) == address
    assert interop.cast_int_addr(ctypes.c_void_p()) == 0
    assert interop.cast_int_addr(ctypes.POINTER(ctypes.c_int)()) == 0


def test_address_of_cffi_pointers():
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    ffi.cdef("struct pair { int a; int b; };")
    pair = ffi.new("struct pair *")
    address = int(ffi.cast("uintptr_t", pair))
    assert interop.cast_int_addr(pair) == address
    assert interop.cast_int_addr(ffi.cast("void *", address)) == address
    assert interop.cast_int_addr(ffi.cast("size_t", 77)) == 77
    assert interop.cast_int_addr(ffi.NULL) == 0
    with pytest.raises(ValueError, match="Cannot cast <cdata 'struct pair"):
        interop.cast_int_addr(pair[0])


@pytest.mark.parametrize("value", [None, 1.5, "5", b"x", object(), ctypes.c_int(4), (ctypes.c_char * 4)()])
def test_address_of_anything_else(value):
    with pytest.raises(ValueError, match=r"Cannot cast .* to int"):
        interop.cast_int_addr(value)


def test_helpers_load_nothing_heavy():
    code = (
        "import zmqbind, sys\n"
        "import zmqbind.utils, zmqbind.utils.z85, zmqbind.utils.strtypes, zmqbind.utils.interop\n"
        "print(*{'json', 'ctypes', 'cffi', 'typing', 'asyncio', 'zmqbind.utils.jsonapi'} & set(sys.modules))"
    )
    # Without site, so that no .pth file imports things; where packages are found then has to be told.
    command = [sys.executable, "-S", "-E", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="does something there")
def test_allow_interrupt_does_nothing_but_on_windows():
    calls = []
    with win32.allow_interrupt(lambda: calls.append(1)), win32.allow_interrupt():
        with pytest.raises(KeyboardInterrupt), win32.allow_interrupt(lambda: calls.append(1)):
            signal.raise_signal(signal.SIGINT)
    assert calls == []
