"""Z85: binary data as printable text, five characters for four bytes (ZeroMQ RFC 32).

CURVE keys are usually written in it.
"""

from __future__ import annotations

__all__ = ["decode", "encode"]

# A digit's value is its place.
DIGITS = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
VALUES = {digit: value for value, digit in enumerate(DIGITS)}


def encode(rawbytes: bytes | bytearray | memoryview) -> bytes:
    """Return `rawbytes` in Z85.

    Raises ValueError if their number is not a multiple of 4, and TypeError if they are not bytes-like.
    """
    data = bytes(memoryview(rawbytes))
    if len(data) % 4:
        raise ValueError(f"length must be a multiple of 4, not {len(data)}")
    text = bytearray()
    for start in range(0, len(data), 4):
        number = int.from_bytes(data[start : start + 4], "big")
        group = bytearray(5)
        for place in (4, 3, 2, 1, 0):
            number, value = divmod(number, 85)
            group[place] = DIGITS[value]
        text += group
    return bytes(text)


def decode(z85bytes: str | bytes | bytearray | memoryview) -> bytes:
    """Return the bytes that `z85bytes`, text or bytes-like, stands for.

    Raises ValueError if the length is not a multiple of 5, if a character is not one of Z85's, or if five of
    them stand for more than four bytes hold, and TypeError if it is neither text nor bytes-like.
    """
    if isinstance(z85bytes, str):
        try:
            text = z85bytes.encode("ascii")
        except UnicodeEncodeError as error:
            raise ValueError(f"{z85bytes[error.start]!r} at {error.start} is not a Z85 character") from None
    else:
        text = bytes(memoryview(z85bytes))
    if len(text) % 5:
        raise ValueError(f"Z85 length must be a multiple of 5, not {len(text)}")
    data = bytearray()
    for start in range(0, len(text), 5):
        number = 0
        for place in range(start, start + 5):
            value = VALUES.get(text[place])
            if value is None:
                raise ValueError(f"{chr(text[place])!r} at {place} is not a Z85 character")
            number = number * 85 + value
        if number > 0xFFFFFFFF:
            raise ValueError(f"{text[start : start + 5].decode()!r} at {start} stands for more than 4 bytes")
        data += number.to_bytes(4, "big")
    return bytes(data)
