"""Certificates of CURVE: files with a public key, and the secret one, in the format that czmq has too.

NAME.key has the public key; NAME.key_secret both.
"""

from __future__ import annotations

import os
import stat
from datetime import datetime, timezone
from pathlib import Path
from warnings import warn

from .._core import curve_keypair
from ..utils import z85
from . import zpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["create_certificates", "load_certificate", "load_certificates"]

MAX_SIZE = 65536  # bytes; certificates are small

PUBLIC_HEAD = """\
#   ZeroMQ CURVE public certificate, made by zmqbind on {now}.
#   Give this file to those who are to know the key, in a way that nobody can tamper with.

"""
SECRET_HEAD = """\
#   ZeroMQ CURVE *secret* certificate, made by zmqbind on {now}.
#   Give this file to nobody, and leave its permissions alone.

"""


def create_certificates(
    key_dir: str | os.PathLike[str], name: str, metadata: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Make a pair of keys, and write it into `name`.key and, readable by its owner only, `name`.key_secret.

    key_dir: a directory that exists. name: str, without a slash. metadata: names and values, str, for both files.
    Returns the paths of both files, a tuple of two str.
    Raises FileExistsError if there is one of them already, OSError, ValueError for a bad name or metadata, and
    ZMQError(ENOTSUP) where libzmq has no CURVE. See zmq_curve_keypair(3).
    """
    if not name or name.startswith(".") or os.path.basename(name) != name or "\0" in name:
        raise ValueError(f"name: expected the name of a file, got {name!r}")
    public, secret = (key.decode() for key in curve_keypair())
    sections = {"metadata": dict(metadata or {}), "curve": {"public-key": public}}
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    public_text = PUBLIC_HEAD.format(now=now) + zpl.dumps(sections)
    sections["curve"]["secret-key"] = secret
    secret_text = SECRET_HEAD.format(now=now) + zpl.dumps(sections)

    public_file = os.path.join(key_dir, f"{name}.key")
    secret_file = os.path.join(key_dir, f"{name}.key_secret")
    _write_new(secret_file, secret_text, 0o600)
    try:
        _write_new(public_file, public_text, 0o644)
    except BaseException:
        os.unlink(secret_file)
        raise
    return public_file, secret_file


def load_certificate(filename: str | os.PathLike[str]) -> tuple[bytes, bytes | None]:
    """Return the public key in a certificate file, and the secret key, or None where it has none.

    Both are bytes of 40 characters of Z85. Raises OSError, and ValueError for a file without a public key, or with
    keys that are none. Warns of a secret key that others than its owner can read.
    """
    text, mode = _read(filename)
    try:
        values = zpl.loads(text)
        public = _key(values, "public")
        if public is None:
            raise ValueError("no public key")
        secret = _key(values, "secret")
    except ValueError as error:
        raise ValueError(f"{os.fspath(filename)}: {error}") from None
    if secret is not None and os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        warn(f"{os.fspath(filename)} has a secret key, and others can get at it; chmod 600 it", stacklevel=2)
    return public, secret


def load_certificates(directory: str | os.PathLike[str] = ".") -> dict[bytes, bool]:
    """Return the public keys of all certificates, files `*.key`, in a directory: a dict of the keys, bytes, to True.

    Hidden files, as editors and file servers leave behind, are none.

    Raises as load_certificate does, also if only one of them is bad.
    """
    return {load_certificate(file)[0]: True for file in certificate_files(directory)}


def certificate_files(directory: str | os.PathLike[str]) -> list[Path]:
    """Return the paths of the certificates in a directory, sorted; none that is hidden. Raises OSError."""
    names = [name for name in os.listdir(directory) if name.endswith(".key") and not name.startswith(".")]
    return sorted(Path(directory, name) for name in names)


def _write_new(path: str, text: str, mode: int) -> None:
    """Write a file that must not exist yet, not even as a link; leave none behind where that fails."""

    def opener(path: str, flags: int) -> int:
        return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), mode)

    with open(path, "x", encoding="utf-8", newline="\n", opener=opener) as file:
        try:
            file.write(text)
            file.flush()
        except BaseException:
            os.unlink(path)
            raise


def _read(path: str | os.PathLike[str]) -> tuple[str, int]:
    """Return the text of a file, and its mode."""

    def opener(path: str, flags: int) -> int:
        return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a named pipe would keep it waiting

    with open(path, "rb", opener=opener) as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError(f"{os.fspath(path)}: not a regular file")
        data = file.read(MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        raise ValueError(f"{os.fspath(path)}: too large for a certificate")
    try:
        return data.decode(), mode
    except UnicodeDecodeError:
        raise ValueError(f"{os.fspath(path)}: not a text file") from None


def _key(values: dict[str, str], kind: str) -> bytes | None:
    """Return the public or the secret key among the values of a certificate, in Z85."""
    text = values.get(f"curve/{kind}-key")
    if text is None:
        return None
    try:
        size = len(z85.decode(text))
    except ValueError:
        size = 0
    if size != 32:
        raise ValueError(f"the {kind} key is not a key of 40 characters of Z85")  # which one is better not shown
    return text.encode()
