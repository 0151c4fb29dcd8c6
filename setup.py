"""Builds the one compiled module, zmqbind._core; everything else is declared in pyproject.toml."""

import os
import sys
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from Cython.Compiler.Errors import CompileError
from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel as _bdist_wheel
from setuptools.command.build import build as _build
from setuptools.command.build_ext import build_ext as _build_ext

sys.path.insert(0, str(Path(__file__).resolve().parent))

from buildtools import libzmq, licenses


class build(_build):
    """Compile first: a missing libzmq then shows at once, not below a page of copied files."""

    sub_commands = sorted(_build.sub_commands, key=lambda command: command[0] != "build_ext")


class build_ext(_build_ext):
    """Finds libzmq, translates the Cython sources, compiles."""

    def build_extensions(self):
        found = libzmq.find(self.compiler)
        print(f"zmqbind: building against libzmq {found.version} ({found.origin})", flush=True)
        (core,) = self.extensions
        core.depends.append(self._record(core, found))
        # Only the sources are taken over: setuptools has already annotated the extension object itself.
        try:
            (translated,) = cythonize([core], include_path=["."], force=self.force, quiet=True)
        except CompileError as error:
            sys.exit(f"Cython found errors in {error.position or core.sources[0]}; they are shown above")
        core.sources = translated.sources
        if self.compiler.compiler_type == "unix" and "-O" not in os.environ.get("CFLAGS", ""):
            core.extra_compile_args.append("-O3")
        found.apply(core)
        if found.static:
            self._forget_runtime_paths()
        self.distribution.libzmq = found
        super().build_extensions()

    def _forget_runtime_paths(self):
        """Drop the paths of its own that a Python may link all modules with; one with libzmq inside goes elsewhere."""
        for name in ("linker_so", "linker_so_cxx"):
            command = getattr(self.compiler, name, [])
            setattr(self.compiler, name, [word for word in command if not word.startswith("-Wl,-rpath")])

    def _record(self, core, found):
        """Write down what is built against, only when it changes, so that another libzmq causes a rebuild."""
        record = Path("build", self.get_ext_filename(core.name)).with_suffix(".libzmq")
        record.parent.mkdir(parents=True, exist_ok=True)
        if not record.exists() or record.read_text() != repr(found):
            record.write_text(repr(found))
        return str(record)


class bdist_wheel(_bdist_wheel):
    """Puts the licences of the libraries that are linked in beside zmqbind's own."""

    def write_wheelfile(self, wheelfile_base, *args, **options):
        """The last file of the metadata: written when all has been built, or before that in an editable install."""
        super().write_wheelfile(wheelfile_base, *args, **options)
        found = getattr(self.distribution, "libzmq", None)
        if found is not None and found.licenses is not None:
            licenses.add(Path(wheelfile_base), found.licenses, found.version)


setup(
    cmdclass={"build": build, "build_ext": build_ext, "bdist_wheel": bdist_wheel},
    ext_modules=[
        Extension(
            "zmqbind._core",
            ["src/_core.pyx"],
            include_dirs=["src"],
            depends=sorted(glob("src/*.pyx") + glob("src/*.h") + glob("zmqbind/*.pxd")),
        )
    ],
)
