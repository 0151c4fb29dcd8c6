"""ZAP 1.0 (ZeroMQ RFC 27): what libzmq asks when a client wants in, and how it is answered."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENDPOINT = "inproc://zeromq.zap.01"
VERSION = b"1.0"

OK = 200
TEMPORARY = 300  #: the client is to try again
DENIED = 400
FAILED = 500  #: nobody could tell whether to let it in

CREDENTIALS = {"NULL": 0, "PLAIN": 2, "CURVE": 1, "GSSAPI": 1}  #: how many frames each mechanism has
CURVE_KEY_SIZE = 32  # bytes
TEXT_SIZE = 255  # bytes; the limit for status texts, user ids and the names of metadata


class Refusal(Exception):
    """A client is not let in. status: int, TEMPORARY, DENIED or FAILED. text: str, why; sent to libzmq, in ASCII."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Request:
    """A request, of the frames that follow the envelope. Raises Refusal if they are not those of ZAP 1.0."""

    __slots__ = ("address", "credentials", "domain", "mechanism", "request_id", "routing_id")

    def __init__(self, frames: Sequence[bytes], encoding: str) -> None:
        if not frames or frames[0] != VERSION:
            raise Refusal(FAILED, "Invalid version")
        if len(frames) < 6:
            raise Refusal(FAILED, "Not enough frames")
        _, self.request_id, domain, address, self.routing_id, mechanism = frames[:6]
        self.credentials = frames[6:]
        self.domain = decode(domain, encoding, "Invalid domain")
        self.address = decode(address, encoding, "Invalid address")
        self.mechanism = decode(mechanism, "ascii", "Invalid mechanism")
        expected = CREDENTIALS.get(self.mechanism)
        if expected is None:
            raise Refusal(DENIED, "Security mechanism not supported")
        if len(self.credentials) != expected:
            raise Refusal(DENIED, "Invalid credentials")
        if self.mechanism == "CURVE" and len(self.credentials[0]) != CURVE_KEY_SIZE:
            raise Refusal(DENIED, "Invalid key")


def decode(frame: bytes, encoding: str, complaint: str) -> str:
    """Return the text of a frame; raise Refusal if it is none."""
    try:
        return frame.decode(encoding)
    except UnicodeDecodeError:
        raise Refusal(DENIED, complaint) from None


def split(message: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Split what a ROUTER socket has received into the envelope, with its delimiter, and the frames of ZAP.

    Raises ValueError if there is no delimiter: then nobody waits for an answer.
    """
    delimiter = message.index(b"") + 1
    return message[:delimiter], message[delimiter:]


def reply(request_id: bytes, status: int, text: str, user_id: bytes = b"", metadata: bytes = b"") -> list[bytes]:
    """Return the frames of a reply. Raises ValueError if libzmq would refuse it."""
    if len(user_id) > TEXT_SIZE:
        raise ValueError(f"the user id takes {len(user_id)} bytes; {TEXT_SIZE} is the limit")
    return [VERSION, request_id, b"%d" % status, text.encode("ascii"), user_id, metadata]


def encode_metadata(metadata: Mapping[str, str | bytes]) -> bytes:
    """Return metadata as ZMTP has it: one octet of length and the name, four and the value.

    Raises ValueError for a name that is empty, not ASCII, or longer than 255 bytes.
    """
    encoded = bytearray()
    for name, value in metadata.items():
        raw_name = name.encode("ascii")
        raw = value.encode() if isinstance(value, str) else value
        if not 0 < len(raw_name) <= TEXT_SIZE:
            raise ValueError(f"metadata: {name!r} is no name of 1 to {TEXT_SIZE} bytes")
        encoded += len(raw_name).to_bytes(1, "big") + raw_name + len(raw).to_bytes(4, "big") + raw
    return bytes(encoded)
