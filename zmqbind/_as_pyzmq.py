"""The package metadata of pyzmq while zmqbind is in its place."""

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path

import zmqbind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any


class AsPyZMQ(Distribution):
    """A distribution pyzmq that consists of metadata: the version is the level of the API."""

    def read_text(self, filename: Any) -> str | None:
        """The text of METADATA; None for other files, which there are not."""
        if filename != "METADATA":
            return None
        return f"Metadata-Version: 2.1\nName: pyzmq\nVersion: {zmqbind.pyzmq_version()}\nSummary: {zmqbind.__name__}\n"

    def locate_file(self, path: str | PathLike[str]) -> Path:  # type: ignore[override, unused-ignore]  # 3.13: SimplePath
        """Where a file of the package would be: beside zmqbind."""
        return Path(zmqbind.__file__).parent.parent / path
