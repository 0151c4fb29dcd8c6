"""Unpacking tarballs, which tarfile alone would accept when they are damaged."""

import tarfile
import zlib

from .messages import stop

DAMAGE = [tarfile.ReadError, EOFError, ValueError, zlib.error]
try:
    from lzma import LZMAError
except ImportError:
    pass  # CPython may be built without it, and then opens no .xz at all
else:
    DAMAGE.append(LZMAError)


def extract(tarball, goal):
    """Unpack a tarball into a directory; what would land outside of it is refused where Python can tell."""
    try:
        with tarfile.open(tarball) as archive:
            check(archive)
            safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            archive.extractall(goal, **safely)
    except tuple(DAMAGE):
        damaged(tarball)
    except (tarfile.TarError, OSError) as error:
        if isinstance(error, OSError) and error.errno is None:  # of gzip and bz2, not of the machine
            damaged(tarball)
        stop(f"{tarball}: it cannot be unpacked: {error}")


def check(archive):
    """Read it to the end, where the checksum of the compression is; tarfile takes a bad header for the end."""
    archive.getmembers()
    archive.fileobj.seek(archive.offset)
    end = archive.fileobj.read()
    if not end or any(end[: tarfile.BLOCKSIZE]):
        raise tarfile.ReadError("a header is damaged, or the end is missing")


def damaged(tarball):
    """Say so and end the build."""
    stop(f"{tarball}: this is not a tarball, or not a whole one")
