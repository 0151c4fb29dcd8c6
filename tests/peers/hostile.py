"""Bytes that no ZMTP peer in its senses would send, by seed; see test_hostile_bytes.py.

Half of a conversation is well formed as far as it goes, and then goes wrong somewhere: pure noise would not get past
the first ten bytes.
"""

from __future__ import annotations

import random
import struct

SIGNATURES = [b"\xff\0\0\0\0\0\0\0\x01\x7f", b"\xff\0\0\0\0\0\0\0\0\x7f", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"]
MECHANISMS = [b"NULL", b"PLAIN", b"CURVE", b"GSSAPI"]
SOCKET_TYPES = [b"REQ", b"DEALER", b"REP", b"PUB", b"SUB", b"", b"REQQ", b"\0", b"X" * 300]
EDGES = [0, 1, 127, 128, 254, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]


def frame(flags, body, length=None):
    """A frame of ZMTP 3, short or long, perhaps with another length than it has."""
    if length is None:
        length = len(body)
    if length > 255:
        return bytes([flags | 2]) + struct.pack("!Q", length) + body
    return bytes([flags, length]) + body


def properties(rng):
    """Metadata of a handshake."""
    data = b""
    for _ in range(rng.choice([1, 1, 2, 20])):
        name = rng.choice([b"Socket-Type", b"Identity", b"Resource", b"X-" + rng.randbytes(3), b"", b"n" * 255])
        value = rng.choice([*SOCKET_TYPES, rng.randbytes(rng.choice([0, 5, 255, 256, 3000]))])
        length = rng.choice([len(value)] * 9 + EDGES) & 0xFFFFFFFF
        data += bytes([len(name)]) + name + struct.pack("!I", length) + value
    return data


def command(rng):
    """A command, most likely one of a handshake."""
    name, body = rng.choice(
        [
            (b"READY", properties(rng)),
            (b"HELLO", b"\x05alice\x06secret"),
            (b"HELLO", rng.randbytes(rng.choice([0, 1, 2, 300]))),
            (b"HELLO", b"\x01\0" + bytes(72) + rng.randbytes(rng.choice([119, 120, 121]))),  # CURVE's
            (b"HELLO", bytes([rng.choice([0, 5, 200, 255])]) + b"alice"),
            (b"WELCOME", rng.randbytes(rng.choice([0, 160]))),
            (b"INITIATE", properties(rng)),
            (b"INITIATE", rng.randbytes(rng.choice([0, 105, 248, 249, 300, 5000]))),
            (b"ERROR", rng.choice([b"", b"\x03400", b"\xff400", b"\0"])),
            (b"MESSAGE", rng.randbytes(rng.choice([0, 8, 24, 33, 100]))),
            (b"PING", rng.randbytes(rng.choice([0, 1, 2, 18, 300]))),
            (b"PONG", rng.randbytes(16)),
            (b"SUBSCRIBE", b"topic"),
            (b"", b""),
            (rng.randbytes(7), rng.randbytes(20)),
        ]
    )
    body = bytes([rng.choice([len(name)] * 9 + [0, 255])]) + name + body
    length = rng.choice([None] * 12 + EDGES)
    return frame(rng.choice([4] * 9 + [0, 1, 5, 0xFC]), body, length)


def greeting(rng, mechanism):
    """A greeting of ZMTP, of some version, or a part of it."""
    version = rng.choice([b"\x03\0"] * 8 + [b"\x03\x01", b"\x00", b"\x01", b"\x02\0", b"\x7f\x7f"])
    if version[0] < 3:
        return rng.choice(SIGNATURES) + version + rng.choice([b"\0\0", b"\x03\0\0", b"\x05\0\xffxxx", b""])
    name = rng.choice([mechanism] * 9 + MECHANISMS + [b"", rng.randbytes(20), b"nul\0l"])
    return (
        SIGNATURES[rng.choice([0] * 9 + [1, 2])]
        + version
        + name.ljust(20, b"\0")
        + bytes([rng.randrange(3)])
        + bytes(31)
    )


def message(rng):
    """A message, which has no place before the handshake is over."""
    return frame(rng.choice([0, 1]), rng.randbytes(rng.choice([0, 1, 255, 256, 2000])), rng.choice([None] * 5 + EDGES))


def mutate(rng, data):
    """Some bytes changed, removed, doubled, or the end cut off."""
    data = bytearray(data)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
        if not data:
            break
        place = rng.randrange(len(data))
        match rng.randrange(5):
            case 0:
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                data[place] = rng.choice([0, 1, 127, 128, 255])
            case 2:
                del data[place : place + rng.randrange(1, 10)]
            case 3:
                data[place:place] = data[place : place + rng.randrange(1, 30)]
            case 4:
                del data[place:]
    return bytes(data)


def conversation(seed, mechanism):
    """What one hostile peer sends, a list of bytes; mechanism: that of the server."""
    rng = random.Random(f"{mechanism}-{seed}")
    if rng.random() < 0.1:
        return [rng.randbytes(rng.choice([1, 9, 10, 64, 65, 1000, 100_000]))]
    sent = [greeting(rng, mechanism)]
    for _ in range(rng.choice([0, 1, 1, 2, 3, 30])):
        sent.append(rng.choice([command, command, command, message])(rng))
    return [mutate(rng, part) if rng.random() < 0.3 else part for part in sent]
