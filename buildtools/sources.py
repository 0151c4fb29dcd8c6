"""The sources of the libraries that a wheel carries: given by the user, or downloaded and checked."""

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .messages import message, stop
from .tarballs import extract

SECONDS = 60  # without a byte from the server

HOW_ELSE = """\
Either set {variable} to a directory or tarball that holds the source of {name},
or install libzmq with its headers and build without ZMQBIND_LIBZMQ=bundled."""


class DownloadFailed(SystemExit):
    """There was no answer, or half of one; a file with another checksum is worse than that, and not meant here."""


@dataclass(frozen=True)
class Source:
    """One library's source: an official release, unless the environment variable names another."""

    name: str
    version: str
    url: str
    sha256: str
    variable: str
    marker: str  # a file that is in every copy of it

    def chosen(self):
        """What the user chose, as an absolute path, or None for the official release."""
        value = os.environ.get(self.variable)
        if not value:
            return None
        path = Path(value).expanduser().absolute()
        if not path.exists():
            where = "" if value == str(path) else f" ({path})"
            stop(f"{self.variable}={value}: there is no such file or directory{where}")
        return path

    def identity(self):
        """A text that changes when what would be built does."""
        path = self.chosen()
        if path is None:
            return f"{self.name} {self.version} {self.sha256}"
        if path.is_file():
            return f"{self.name} {digest(path)}"
        files = sorted(file for file in path.rglob("*") if file.is_file())
        states = [(str(file.relative_to(path)), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return f"{self.name} {hashlib.sha256(repr(states).encode()).hexdigest()}"

    def unpack(self, scratch):
        """Put a copy of the source into the directory scratch and return its path."""
        goal = Path(scratch, self.name)
        path = self.chosen()
        if path is not None and path.is_dir():
            shutil.copytree(path, goal, symlinks=True)
        else:
            extract(path or self.download(scratch), goal)
        return self.root(goal)

    def root(self, directory):
        """The directory that holds the marker: this one, or the only one in it."""
        for place in (directory, *sorted(directory.iterdir())):
            if (place / self.marker).is_file():
                return place
        origin = f"{self.variable}={os.environ.get(self.variable)}" if self.chosen() else self.url
        stop(f"{origin}: this is not the source of {self.name}, as it has no {self.marker}")

    def download(self, scratch):
        """Fetch the official release and check it."""
        file = Path(scratch, self.url.rpartition("/")[2])
        print(f"zmqbind: downloading {self.name} {self.version} from {self.url}", flush=True)
        try:
            with urllib.request.urlopen(self.url, timeout=SECONDS) as answer:
                file.write_bytes(answer.read())
        except urllib.error.HTTPError as error:
            error.close()
            self.not_downloaded(error)
        except http.client.HTTPException as error:
            self.not_downloaded(repr(error))
        except OSError as error:
            self.not_downloaded(getattr(error, "reason", error))
        found = digest(file)
        if found != self.sha256:
            problem = f"{self.url} has the sha256 {found}, but it should be {self.sha256}: it was not used."
            stop(problem, [], self.how_else())
        return file

    def not_downloaded(self, reason):
        """Give up on the official release."""
        problem = f"{self.url} could not be downloaded ({reason})."
        raise DownloadFailed(message(problem, [], self.how_else())) from None

    def how_else(self):
        """What can be done without the official release."""
        return HOW_ELSE.format(variable=self.variable, name=self.name)


LIBZMQ = Source(
    name="libzmq",
    version="4.3.5",
    url="https://github.com/zeromq/libzmq/releases/download/v4.3.5/zeromq-4.3.5.tar.gz",
    sha256="6653ef5910f17954861fe72332e68b03ca6e4d9c7160eb3a8de5a5a913bfab43",
    variable="ZMQBIND_LIBZMQ_SOURCE",
    marker="include/zmq.h",
)

LIBSODIUM = Source(
    name="libsodium",
    version="1.0.20",
    url="https://download.libsodium.org/libsodium/releases/libsodium-1.0.20.tar.gz",
    sha256="ebb65ef6ca439333c2bb41a0c1990587288da07f6c7fd07cb3a18cc18d30ce19",
    variable="ZMQBIND_LIBSODIUM_SOURCE",
    marker="src/libsodium/include/sodium.h",
)


def digest(file):
    """The sha256 of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
