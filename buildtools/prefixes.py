"""Directories that a bundled build has made: they appear when they are finished, and no others are touched."""

import errno
import json
import shutil
import tempfile
from pathlib import Path

from .messages import stop

RECORD = "share/zmqbind.json"  # what was built, and the flags that programs linked to it want
LICENSES = "share/licenses"


def read_record(prefix):
    """What was noted in a prefix, or None where nothing was, or nothing that can be read."""
    try:
        return json.loads(Path(prefix, RECORD).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def refuse_others(prefix):
    """Stop where a prefix is something that would be lost, and that a build did not make."""
    if not prefix.exists() or (prefix / RECORD).is_file():
        return
    if not prefix.is_dir() or any(prefix.iterdir()):
        stop(f"{prefix} exists and has no {RECORD}, so no build made it. Remove it, or name another directory.")


def publish(installed, record, prefix):
    """Put what programs are compiled and linked with into the prefix, by renaming a directory that is complete."""
    try:
        prefix.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=prefix.parent, prefix=f".{prefix.name}-") as directory:
            new = Path(directory, "new")
            # Not all that was installed: the files of pkg-config, libtool and CMake name the directory of the build.
            for part in ("include", "share/licenses"):
                shutil.copytree(installed / part, new / part)
            (new / "lib").mkdir()
            for archive in (installed / "lib").glob("*.a"):
                shutil.copy2(archive, new / "lib")
            (new / RECORD).write_text(json.dumps(record), "utf-8")
            exchange(new, prefix, Path(directory))
    except OSError as error:
        stop(f"{prefix} could not be written: {error}")


def exchange(new, prefix, aside):
    """Rename a directory to the prefix; what is there, by an earlier build or one at the same time, goes aside."""
    count = 0
    while True:
        refuse_others(prefix)
        try:
            new.rename(prefix)  # over an empty directory, too
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        count += 1
        try:
            prefix.rename(aside / f"old-{count}")
        except FileNotFoundError:
            pass  # another build was faster
