"""``zmqbind run``: programs, and the Python processes that they start, get zmqbind as their zmq."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

SCRIPT = Path(sysconfig.get_path("scripts"), "zmqbind")
WAYS = {"-m": ["-m", "zmqbind"], "joined": ["-mzmqbind"], "-Bm": ["-Bm", "zmqbind"], "script": [SCRIPT]}
NAME = "import zmq; print(zmq.Socket.__module__)"

no_bin = pytest.mark.skipif(sys.platform == "win32", reason="bin/python has another name there")


@pytest.fixture(params=["module", "script"])
def command(request):
    """Both ways to start the command."""
    return [SCRIPT] if request.param == "script" else [sys.executable, "-m", "zmqbind"]


@pytest.fixture
def program(tmp_path):
    """``program(text)``: the path of a program of this text, in a directory of its own."""

    def write(text, name="program.py"):
        path = tmp_path / "a directory" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def run(*command, cwd=None, returncode=0, **environment):
    """What a command writes to stdout and stderr."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
    )
    assert done.returncode == returncode, done.stdout
    return done.stdout


def test_a_script(command, program):
    path = program("import sys, zmq; print(__name__, sys.argv, sys.path[0], zmq.Socket.__module__); sys.exit(7)")
    output = run(*command, "run", path, "-m", "--json", "--", "x", returncode=7)
    assert output == f"__main__ {[str(path), '-m', '--json', '--', 'x']} {path.parent} zmqbind.socket\n"


def test_a_module(command, program):
    path = program("import sys, zmq; print(sys.argv, zmq.Socket.__module__, __spec__.name)")
    output = run(*command, "run", "-m", "program", "-x", cwd=path.parent)
    assert output == f"{[str(path), '-x']} zmqbind.socket program\n"


def test_modules_below_zmq(program):
    output = run(sys.executable, "-m", "zmqbind", "run", "-m", "zmq.log", "--help")
    assert output.startswith("usage: ")


def test_the_traceback_is_the_programs(program):
    path = program("import zmqbind\n1 / 0\n")
    plain, ours = (run(sys.executable, *words, path, returncode=1) for words in ([], ["-m", "zmqbind", "run"]))
    assert plain == ours
    assert f'File "{path}", line 2' in plain


@pytest.mark.parametrize("options", [["-X", "dev", "-W", "ignore"], ["-u", "-Xutf8"], ["-u"], []], ids=" ".join)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_options_of_python(program, options, way):
    text = "import sys, zmqbind; print([word for word in sys.orig_argv[1:] if word not in (__file__, 'x')])"
    output = run(sys.executable, *options, *way, "run", program(text), "x")
    assert output == f"{[*options, *(['-B'] if way[0] == '-Bm' else [])]}\n"


def test_python_processes(program):
    text = f"""
import multiprocessing, subprocess, sys
def tell():
    {NAME}
if __name__ == "__main__":
    for method in multiprocessing.get_all_start_methods():
        process = multiprocessing.get_context(method).Process(target=tell)
        process.start()
        process.join()
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", {NAME!r}])
    subprocess.run([sys.executable, "-m", "zmqbind", "run", __file__.replace("program", "other")])
"""
    program("import os\n" + NAME + "\nprint(os.environ['PYTHONPATH'].count('_run'))", "other.py")
    count = len(multiprocessing.get_all_start_methods()) + 2
    assert run(sys.executable, "-u", "-m", "zmqbind", "run", program(text)) == "zmqbind.socket\n" * count + "1\n"


def test_pythonpath_is_kept(program, tmp_path):
    path = program("import os; print(os.environ['PYTHONPATH'].split(os.pathsep)[1:])")
    paths = [str(tmp_path), "", "relative"]
    output = run(sys.executable, "-m", "zmqbind", "run", path, PYTHONPATH=os.pathsep.join(paths))
    assert output == f"{paths}\n"


@no_bin
@pytest.mark.parametrize("with_pyzmq", [True, False])
def test_a_python_without_zmqbind(program, tmp_path, with_pyzmq):
    """As with another version of Python: zmqbind cannot be loaded there, which is played by a broken one."""
    other = tmp_path / "other"
    venv.create(other, symlinks=True)
    packages = Path(
        run(other / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    (packages / "zmqbind.py").write_text("raise ImportError('does not fit')")
    if with_pyzmq:
        (packages / "zmq").mkdir()
        (packages / "zmq" / "__init__.py").write_text("class Socket: pass")
        (packages / "zmq" / "part.py").write_text("name = __name__")
    code = f"""
try:
    {NAME}
    import sys, zmq.part
    print(zmq.part.name, "zmqbind" in sys.modules, zmq.__file__)
except ModuleNotFoundError as error:
    print(error)
"""
    path = program(f"import subprocess\nsubprocess.run([{str(other / 'bin' / 'python')!r}, '-c', {code!r}])")
    output = run(sys.executable, "-m", "zmqbind", "run", path, cwd=path.parent)
    expected = f"zmq\nzmq.part False {packages / 'zmq' / '__init__.py'}\n" if with_pyzmq else "No module named 'zmq'\n"
    assert output == expected


@no_bin
def test_a_python_that_has_not_installed_it_but_fits(program, tmp_path):
    other = tmp_path / "other"
    venv.create(other, symlinks=True)
    path = program(f"import subprocess\nsubprocess.run([{str(other / 'bin' / 'python')!r}, '-c', {NAME!r}])")
    assert run(sys.executable, "-m", "zmqbind", "run", path, cwd=path.parent) == "zmqbind.socket\n"


def test_threads_that_import_at_the_same_time(program):
    text = """
import threading
ready, seen = threading.Barrier(8), []
def get():
    ready.wait()
    import zmq, zmq.asyncio
    seen.append((zmq.Socket, zmq.asyncio.Socket))
threads = [threading.Thread(target=get) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(seen), len(set(seen)))
"""
    assert run(sys.executable, "-m", "zmqbind", "run", program(text)) == "8 1\n"


@pytest.mark.parametrize("arguments", [[], ["-m"], ["-x", "script.py"], ["-c", "pass"]], ids=" ".join)
def test_nothing_to_run(command, arguments):
    (line,) = run(*command, "run", *arguments, returncode=1).splitlines()
    assert line.startswith("zmqbind run: usage: zmqbind run (SCRIPT | -m MODULE) [ARG ...]")


def test_python_that_ignores_its_environment(program):
    output = run(sys.executable, "-E", "-m", "zmqbind", "run", program(NAME), returncode=1)
    assert output == "zmqbind run: Python's options -E and -I keep the program from finding zmqbind as zmq\n"


def test_help(command):
    assert run(*command, "run", "--help").startswith("usage: zmqbind run (SCRIPT | -m MODULE) [ARG ...]\n")
