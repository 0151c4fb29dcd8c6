"""The build: how libzmq is found, what is said when it is not, and what causes a rebuild.

The real setup.py builds a module of a few lines against libraries that have libzmq's name and layout, in any
version a test wants; the real module against the real libzmq is what all other tests run.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import zmqbind

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="its libraries are Linux's"),
    pytest.mark.timeout(240),  # some build twice, which takes long on a machine that does other things beside
]
pytest.importorskip("Cython")
pytest.importorskip("setuptools")

HEADER = """\
#define ZMQ_VERSION_MAJOR {}
#define ZMQ_VERSION_MINOR {}
#define ZMQ_VERSION_PATCH {}
#define ZMQ_VERSION (ZMQ_VERSION_MAJOR * 10000 + ZMQ_VERSION_MINOR * 100 + ZMQ_VERSION_PATCH)
int zmq_curve_public(char *, const char *);
const char *zmq_prefix(void);
"""
LIBRARY = 'const char *zmq_prefix(void) { return "PREFIX"; }\n'
CURVE = "int zmq_curve_public(char *a, const char *b) { return 0; }\n"
MODULE = 'cdef extern from "zmq.h":\n    const char *zmq_prefix()\ninclude "part.pyx"\n'
PART = 'cdef extern from "part.h":\n    int PART\ndef prefix():\n    return zmq_prefix().decode(), PART\n'

MULTIARCH = sysconfig.get_config_var("MULTIARCH")
INSTALL_COMMANDS = (
    "apt install libzmq3-dev",
    "dnf install zeromq-devel",
    "brew install zeromq",
    "vcpkg install zeromq",
)


@pytest.fixture
def project(tmp_path):
    """A directory with the project's build files and a module of a few lines."""
    project = tmp_path / "project"
    for name in ("setup.py", "pyproject.toml", "buildtools", "zmqbind/_version.py", "LICENSE"):
        target = project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)
    (project / "README.md").touch()
    (project / "zmqbind/__init__.py").touch()
    (project / "zmqbind/_core.pxd").touch()
    (project / "src").mkdir()
    (project / "src/_core.pyx").write_text(MODULE)
    (project / "src/part.pyx").write_text(PART)
    (project / "src/part.h").write_text("#define PART 1\n")
    return project


@pytest.fixture
def install_libzmq(tmp_path):
    """``install_libzmq(version, lib="lib", name="prefix", code=...)``: a prefix that holds a libzmq."""

    def install(version, lib="lib", name="prefix", code=LIBRARY + CURVE):
        prefix = tmp_path / name
        (prefix / "include").mkdir(parents=True)
        (prefix / lib).mkdir(parents=True)
        (prefix / "include/zmq.h").write_text(HEADER.format(*version.split(".")))
        soname = "libzmq.so.5"
        library = prefix / lib / soname
        command = [os.environ.get("CC", "cc"), "-shared", "-fPIC", f"-Wl,-soname,{soname}", "-x", "c", "-"]
        code = code.replace("PREFIX", str(prefix))
        subprocess.run([*command, "-o", library], input=code, text=True, check=True)
        (prefix / lib / "libzmq.so").symlink_to(soname)
        return prefix

    return install


@pytest.fixture
def build(project):
    """``build(*options, **environment)``: compile in place; the finished process, its output in `stdout`."""

    def run(*options, **environment):
        return subprocess.run(
            [sys.executable, "setup.py", *options, "build_ext", "--inplace"],
            cwd=project,
            env={**os.environ, "ZMQBIND_LIBZMQ": "", "PKG_CONFIG": "/nonexistent/pkg-config", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
        )

    return run


def module_of(project):
    """The compiled module's file."""
    (module,) = (project / "zmqbind").glob("_core*.so")
    return module


def call_module(project):
    """What the compiled module says: the prefix of the libzmq it loads, and a number from its header."""
    code = "import zmqbind._core; print(*zmqbind._core.prefix())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    prefix, number = done.stdout.split()
    return Path(prefix), int(number)


def assert_stopped(done, *texts):
    """The build failed, said these texts, and showed no traceback."""
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    for text in texts:
        assert text in done.stdout


@pytest.mark.parametrize("lib", ["lib", "lib64", *([f"lib/{MULTIARCH}"] if MULTIARCH else [])])
def test_prefix_is_used_and_found_again_at_run_time(build, project, install_libzmq, lib):
    prefix = install_libzmq("4.2.0", lib)
    done = build(ZMQBIND_LIBZMQ=str(prefix))
    assert done.returncode == 0, done.stdout
    assert f"building against libzmq 4.2.0 (ZMQBIND_LIBZMQ={prefix})" in done.stdout
    assert call_module(project) == (prefix, 1)


@pytest.mark.skipif(not shutil.which("pkg-config"), reason="needs pkg-config")
def test_pkg_config_comes_before_the_default_paths(build, project, install_libzmq):
    prefix = install_libzmq("4.2.9")
    (prefix / "libzmq.pc").write_text(
        f"Name: libzmq\nDescription: x\nVersion: 1\nCflags: -I{prefix}/include\nLibs: -L{prefix}/lib -lzmq\n"
    )
    done = build(PKG_CONFIG="pkg-config", PKG_CONFIG_PATH=str(prefix))
    assert done.returncode == 0, done.stdout
    assert "building against libzmq 4.2.9 (pkg-config)" in done.stdout
    assert call_module(project) == (prefix, 1)


def test_default_paths_come_last(build, project, install_libzmq):
    prefix = install_libzmq("4.2.1")
    done = build(C_INCLUDE_PATH=f"{prefix}/include", LIBRARY_PATH=f"{prefix}/lib")
    assert done.returncode == 0, done.stdout
    assert "building against libzmq 4.2.1 (the compiler's default paths)" in done.stdout


def test_prefix_excludes_all_other_places(build, tmp_path):
    done = build("-q", ZMQBIND_LIBZMQ=str(tmp_path / "nowhere"), PKG_CONFIG="pkg-config")
    assert_stopped(done)
    assert done.stdout.strip() == f"ZMQBIND_LIBZMQ={tmp_path}/nowhere: there is no such directory"


def test_prefix_without_header(build, tmp_path):
    done = build("-q", ZMQBIND_LIBZMQ=str(tmp_path))
    assert_stopped(done)
    assert done.stdout.strip() == f"ZMQBIND_LIBZMQ={tmp_path}: the directory has no include/zmq.h"


def test_prefix_without_library(build, tmp_path):
    (tmp_path / "include").mkdir()
    (tmp_path / "include/zmq.h").touch()
    done = build("-q", ZMQBIND_LIBZMQ=str(tmp_path))
    assert_stopped(done, f"ZMQBIND_LIBZMQ={tmp_path}: the directory has no libzmq in lib,")


def test_too_old_prefix(build, install_libzmq):
    prefix = install_libzmq("4.1.7")
    done = build(ZMQBIND_LIBZMQ=str(prefix))
    assert_stopped(done, f"ZMQBIND_LIBZMQ={prefix}: version 4.1.7 is too old", *INSTALL_COMMANDS)


def test_header_newer_than_library(build, install_libzmq):
    prefix = install_libzmq("4.3.4", code=LIBRARY)
    done = build(ZMQBIND_LIBZMQ=str(prefix))
    assert_stopped(done, "zmq.h is version 4.3.4, but the library does not link:", "zmq_curve_public")


def test_too_old_in_the_default_paths(build, install_libzmq):
    prefix = install_libzmq("4.1.0")
    done = build(C_INCLUDE_PATH=f"{prefix}/include", LIBRARY_PATH=f"{prefix}/lib")
    assert_stopped(done, "zmqbind needs libzmq 4.2.0 or newer", "ZMQBIND_LIBZMQ", *INSTALL_COMMANDS)
    assert "pkg-config: there is no program /nonexistent/pkg-config" in done.stdout
    assert "the compiler's default paths: version 4.1.0 is too old" in done.stdout


@pytest.mark.skipif(not shutil.which("pkg-config"), reason="needs pkg-config")
def test_missing_everywhere(build, tmp_path):
    (tmp_path / "zmq.h").write_text('#error "hidden by the test"\n')
    empty = str(tmp_path)
    done = build("-q", C_INCLUDE_PATH=empty, PKG_CONFIG="pkg-config", PKG_CONFIG_LIBDIR=empty)
    assert_stopped(done, "it knows no package libzmq", "zmq.h does not compile", *INSTALL_COMMANDS)
    assert len(done.stdout.strip().splitlines()) < 12


def test_no_compiler(build):
    done = build("-q", CC="no-such-compiler")
    assert_stopped(done, "zmqbind needs a C compiler and found none", "no-such-compiler", "apt install gcc")
    assert len(done.stdout.strip().splitlines()) < 12


def test_compiler_that_does_not_work(build):
    done = build("-q", CC="false")
    assert_stopped(done, "zmqbind needs a C compiler and found none that works", "false")


def test_compiler_options(build, install_libzmq):
    done = build(ZMQBIND_LIBZMQ=str(install_libzmq("4.3.0")))
    (compile_command,) = (line for line in done.stdout.splitlines() if " -c src/_core.c " in line)
    assert [word for word in compile_command.split() if word.startswith("-O")][-1] == "-O3"
    assert "-march" not in compile_command


def test_nothing_new_builds_nothing(build, project, install_libzmq):
    prefix = install_libzmq("4.2.0")
    assert build(ZMQBIND_LIBZMQ=str(prefix)).returncode == 0
    before = module_of(project).stat().st_mtime_ns
    assert build(ZMQBIND_LIBZMQ=str(prefix)).returncode == 0
    assert module_of(project).stat().st_mtime_ns == before


@pytest.mark.parametrize("changed", ["src/_core.pyx", "src/part.pyx", "src/part.h", "zmqbind/_core.pxd"])
def test_every_source_causes_a_rebuild(build, project, install_libzmq, changed):
    prefix = install_libzmq("4.2.0")
    assert build(ZMQBIND_LIBZMQ=str(prefix)).returncode == 0
    before = module_of(project).stat().st_mtime_ns
    (project / changed).touch()
    assert build(ZMQBIND_LIBZMQ=str(prefix)).returncode == 0
    assert module_of(project).stat().st_mtime_ns > before


def test_rebuild_takes_the_new_header(build, project, install_libzmq):
    prefix = install_libzmq("4.2.0")
    assert build(ZMQBIND_LIBZMQ=str(prefix)).returncode == 0
    (project / "src/part.h").write_text("#define PART 2\n")
    assert build(ZMQBIND_LIBZMQ=str(prefix)).returncode == 0
    assert call_module(project) == (prefix, 2)


def test_another_libzmq_causes_a_rebuild(build, project, install_libzmq):
    old, new = install_libzmq("4.2.0", name="old"), install_libzmq("4.3.0", name="new")
    for prefix in (old, new):
        assert build(ZMQBIND_LIBZMQ=str(prefix)).returncode == 0
        assert call_module(project) == (prefix, 1)


def test_one_version():
    assert importlib.metadata.version("zmqbind") == zmqbind.__version__


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_lists_the_targets():
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0
    for target in ("build", "test", "test-all", "faults", "asan", "valgrind", "bench", "lint", "clean"):
        assert f"  make {target} " in done.stdout


def test_bootstrap_without_apt_says_what_to_install(tmp_path):
    for program in ("bash", "basename", "cat"):
        (tmp_path / program).symlink_to(shutil.which(program))
    done = subprocess.run(
        [ROOT / "tools/bootstrap.sh", sys.executable],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    for text in ("gcc", "pkg-config", "libzmq3-dev", "dnf install", "brew install"):
        assert text in done.stderr


def test_test_all_without_pyenv_says_so(tmp_path):
    done = subprocess.run(
        [ROOT / "tools/test-all.sh"],
        env={**os.environ, "PYENV_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"No CPython 3.10 or newer under {tmp_path}/versions")
