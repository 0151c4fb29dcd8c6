"""Finds libzmq for the build, and says plainly what to do where it cannot be found.

The places, in order: the prefix in the environment variable ZMQBIND_LIBZMQ, which excludes all others, or one built
for the purpose where the variable says "bundled"; pkg-config; the compiler's own default paths. Whatever a place claims
is verified by compiling and linking a program against it.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import bundle, prefixes
from .compiler import BuildError, check_compiler, compile_program, link_program
from .messages import stop

VARIABLE = "ZMQBIND_LIBZMQ"
MINIMUM = (4, 2, 0)

HOW_TO_INSTALL = f"""\
Install libzmq with its headers and try again:
  Debian, Ubuntu   apt install libzmq3-dev
  Fedora, RHEL     dnf install zeromq-devel
  macOS            brew install zeromq
  Windows          vcpkg install zeromq
or set {VARIABLE} to the prefix that holds its include and lib directories,
or set {VARIABLE}=bundled to download its source and build it in (not on Windows)."""

# The version is read out of the object file, so nothing has to be run and cross-compiling works.
# zmq_curve_public came with 4.2: a library older than its headers does not link.
PROBE = """\
#include <zmq.h>
#define TEXT(x) #x
#define VERSION(a, b, c) "zmqbind-probe:" TEXT(a) "." TEXT(b) "." TEXT(c) ";"
const char zmqbind_probe[] = VERSION(ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH);
int zmqbind_probe_size = sizeof(zmqbind_probe);
#if ZMQ_VERSION >= 40200
int main(void) { char key[41]; return zmq_curve_public(key, zmqbind_probe); }
#else
int main(void) { return 0; }
#endif
"""

# Nothing of a libzmq linked in may be seen by, or replaced by, another one in the same process.
HIDE = {
    "linux": [f"-Wl,--version-script={Path(__file__).with_name('exports.map')}", "-s"],
    "darwin": ["-Wl,-exported_symbol,_PyInit__core", "-Wl,-x"],
}


@dataclass
class LibZMQ:
    """One place libzmq may be in: the flags to use it there and, once verified, its version."""

    origin: str
    libraries: list[str] = field(default_factory=lambda: ["zmq"])
    include_dirs: list[str] = field(default_factory=list)
    library_dirs: list[str] = field(default_factory=list)
    compile_args: list[str] = field(default_factory=list)
    link_args: list[str] = field(default_factory=list)
    lto_args: list[str] = field(default_factory=list)
    static: bool = False
    licenses: Path | None = None  # of what is linked in
    version: str = ""

    @property
    def runtime_library_dirs(self):
        """Where the loader shall look too; directories it knows anyway are never in library_dirs."""
        return [] if sys.platform == "win32" or self.static else self.library_dirs

    def apply(self, extension):
        """Add the flags to a setuptools Extension."""
        extension.libraries += self.libraries
        extension.include_dirs += self.include_dirs
        extension.library_dirs += self.library_dirs
        extension.runtime_library_dirs += self.runtime_library_dirs
        extension.extra_compile_args += self.compile_args + self.lto_args
        extension.extra_link_args += self.link_args + self.lto_args
        if self.static:
            extension.language = "c++"  # libzmq's own, whose runtime library has to be linked
            extension.extra_link_args += HIDE.get(sys.platform, [])


class NotUsable(Exception):
    """A place has no libzmq that could be used; the text says why."""


def find(compiler):
    """Return the first usable LibZMQ; exit with a few plain lines where there is none."""
    check_compiler(compiler)
    prefix = os.environ.get(VARIABLE)
    if prefix == "bundled":
        places = [from_bundle]
    elif prefix:
        places = [lambda: from_prefix(prefix)]
    else:
        places = [from_pkg_config, from_default_paths]
    reasons = []
    for place in places:
        try:
            candidate = place()
            candidate.version = verify(compiler, candidate)
        except NotUsable as reason:
            reasons.append(str(reason))
        else:
            return candidate
    stop(f"zmqbind needs libzmq {version_text(MINIMUM)} or newer and found none:", reasons, HOW_TO_INSTALL)


def from_bundle():
    """libzmq built from source, in a place that later builds in this tree find again."""
    return from_prefix(bundle.build(Path("build", f"libzmq-{sysconfig.get_platform()}")))


def from_prefix(prefix):
    """libzmq under a prefix the user names."""
    origin = f"{VARIABLE}={prefix}"
    root = Path(prefix).expanduser().absolute()
    if not root.is_dir():
        stop(f"{origin}: there is no such directory")
    if not (root / "include" / "zmq.h").is_file():
        stop(f"{origin}: the directory has no include/zmq.h")
    multiarch = sysconfig.get_config_var("MULTIARCH")
    names = ["lib", f"lib/{multiarch}", "lib64"] if multiarch else ["lib", "lib64"]
    for name in names:
        libraries = [file for file in sorted((root / name).glob("*zmq*")) if is_link_library(file)]
        if libraries:
            library = libraries[0].stem if sys.platform == "win32" else "zmq"
            found = LibZMQ(origin, [library], [str(root / "include")], [str(root / name)])
            if all(file.suffix == ".a" for file in libraries):
                link_statically(found, root)
            return found
    stop(f"{origin}: the directory has no libzmq in {', '.join(names)}")


def link_statically(found, root):
    """Add what an archive does not say by itself: what it rests on and how it was compiled."""
    found.static = True
    if Path(found.library_dirs[0], "libsodium.a").is_file():
        found.libraries.append("sodium")
    record = prefixes.read_record(root)
    if record is not None:
        found.lto_args = record["lto"]
        found.licenses = root / prefixes.LICENSES


def is_link_library(file):
    """Whether the linker could take this file for libzmq."""
    if sys.platform == "win32":
        return file.suffix == ".lib"
    return file.name in ("libzmq.so", "libzmq.dylib", "libzmq.a")


def from_pkg_config():
    """libzmq as pkg-config describes it."""
    program = os.environ.get("PKG_CONFIG", "pkg-config")
    if not shutil.which(program):
        raise NotUsable(f"pkg-config: there is no program {program}")

    def ask(*options):
        answer = subprocess.run([program, *options, "libzmq"], capture_output=True, text=True)
        if answer.returncode:
            raise NotUsable("pkg-config: it knows no package libzmq")
        return shlex.split(answer.stdout)

    found = LibZMQ("pkg-config", libraries=[])
    for flag in ask("--cflags"):
        if flag.startswith("-I"):
            found.include_dirs.append(flag[2:])
        else:
            found.compile_args.append(flag)
    for flag in ask("--libs"):
        if flag.startswith("-L"):
            found.library_dirs.append(flag[2:])
        elif flag.startswith("-l"):
            found.libraries.append(flag[2:])
        else:
            found.link_args.append(flag)
    return found


def from_default_paths():
    """libzmq where the compiler looks anyway."""
    return LibZMQ("the compiler's default paths")


def verify(compiler, candidate):
    """Compile and link against a candidate; return its version or raise NotUsable."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            objects = compile_program(compiler, directory, PROBE, candidate.include_dirs, candidate.compile_args)
        except BuildError as error:
            raise NotUsable(f"{candidate.origin}: zmq.h does not compile: {error}") from None
        version = re.search(rb"zmqbind-probe:(\d+)\.(\d+)\.(\d+);", Path(objects[0]).read_bytes())
        if version is None:
            raise NotUsable(f"{candidate.origin}: zmq.h does not state its version")
        numbers = tuple(int(number) for number in version.groups())
        if numbers < MINIMUM:
            raise NotUsable(f"{candidate.origin}: version {version_text(numbers)} is too old")
        try:
            link_program(
                compiler,
                directory,
                objects,
                libraries=candidate.libraries,
                library_dirs=candidate.library_dirs,
                runtime_library_dirs=candidate.runtime_library_dirs,
                extra_postargs=candidate.link_args + candidate.lto_args,
                target_lang="c++" if candidate.static else None,
            )
        except BuildError as error:
            problem = f"zmq.h is version {version_text(numbers)}, but the library does not link: {error}"
            raise NotUsable(f"{candidate.origin}: {problem}") from None
    return version_text(numbers)


def version_text(numbers):
    """(4, 2, 0) -> "4.2.0"."""
    return ".".join(str(number) for number in numbers)
