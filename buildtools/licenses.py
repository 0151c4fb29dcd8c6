"""What a wheel that carries libzmq and libsodium says of their licences."""

from pathlib import Path
from shutil import copyfile

OWN_FILE = "License-File: LICENSE\n"
OWN_EXPRESSION = "License-Expression: BSD-3-Clause\n"

RELICENSED = (4, 3, 5)  # libzmq's first version under the MPL


def add(distinfo, directory, libzmq_version):
    """Put the licence texts in a directory into a wheel's metadata, and name them there."""
    texts = sorted(file.relative_to(directory) for file in directory.rglob("*.txt"))
    for text in texts:
        goal = distinfo / "licenses" / text
        goal.parent.mkdir(parents=True, exist_ok=True)
        copyfile(directory / text, goal)
    metadata = Path(distinfo, "METADATA")
    changed = metadata.read_text("utf-8")
    files = OWN_FILE + "".join(f"License-File: {text.as_posix()}\n" for text in texts)
    names = {text.parts[0] for text in texts}
    for own, all_of_them in ((OWN_FILE, files), (OWN_EXPRESSION, expression(names, libzmq_version))):
        if changed.count(own) != 1:
            raise ValueError(f"{metadata} should have one line {own.strip()!r}, and has {changed.count(own)}")
        changed = changed.replace(own, all_of_them)
    metadata.write_text(changed, "utf-8")


def expression(names, libzmq_version):
    """The line of the metadata for zmqbind, libzmq, libsodium, and Zig's runtime library where that is linked in."""
    if tuple(int(number) for number in libzmq_version.split(".")) >= RELICENSED:
        libzmq = "MPL-2.0"
    else:
        libzmq = "LGPL-3.0-only WITH LGPL-3.0-linking-exception"
    zig = " AND MIT" if "ziglang" in names else ""
    return f"{OWN_EXPRESSION.strip()} AND {libzmq} AND ISC{zig}\n"
