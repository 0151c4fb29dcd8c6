"""Bad arguments of ``zmqbind perf``: exit status 2, and one line that names the argument, before it measures."""

import os
import subprocess
import sys

import pytest

from zmqbind.cli import main

pytest.importorskip("rich")
pytest.importorskip("hdrh")
pytest.importorskip("matplotlib")


def complain(capsys, *arguments):
    """What is said of a command line that is refused."""
    try:
        status = main(["perf", *map(str, arguments)])
    except SystemExit as ending:
        status = ending.code
    output, complaints = capsys.readouterr()
    assert (status, output) == (2, "")
    (line,) = complaints.splitlines()
    return line


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "COMMAND"),
        (["speed"], "speed"),
        (["throughput", "--pattern", "pair"], "--pattern"),
        (["throughput", "--transport", "udp"], "--transport"),
        (["throughput", "--size", "10,"], "--size"),
        (["throughput", "--size", "ten"], "--size"),
        (["throughput", "--size", "-1"], "--size"),
        (["throughput", "--size", "100-10"], "--size"),
        (["throughput", "--size", "0-10"], "--size"),
        (["throughput", "--size", "2G"], "--size"),
        (["throughput", "--api", "single,green"], "green"),
        (["throughput", "--api", ""], "--api"),
        (["throughput", "--time", "0"], "--time"),
        (["throughput", "--time", "nan"], "--time"),
        (["throughput", "--count", "0"], "--count"),
        (["throughput", "--count", "1.5"], "--count"),
        (["throughput", "--count", "1", "--time", "1"], "--time"),
        (["throughput", "--rounds", "-3"], "--rounds"),
        (["throughput", "--warm-up", "-1"], "--warm-up"),
        (["throughput", "--timeout", "soon"], "--timeout"),
        (["throughput", "--hwm", "0"], "--hwm"),
        (["throughput", "--hwm", "5G"], "--hwm"),
        (["throughput", "--api", "batch", "--pattern", "req-rep"], "--api batch"),
        (["latency", "--api", "single,batch"], "--api batch"),
        (["throughput", "--bind", "tcp://127.0.0.1:*", "--connect", "tcp://127.0.0.1:1"], "--connect"),
        (["throughput", "--bind", "tcp://127.0.0.1:*", "--transport", "tcp"], "--transport"),
        (["throughput", "--bind", "inproc://a"], "--bind inproc://a"),
        (["throughput", "--connect", "somewhere"], "--connect somewhere"),
        (["throughput", "--bind", "nope://127.0.0.1:1"], "--bind nope://127.0.0.1:1"),
        (["throughput", "--bind", "tcp://192.0.2.1:5555"], "--bind tcp://192.0.2.1:5555"),
        (["throughput", "--curve", "--transport", "inproc"], "--curve"),
        (["throughput", "--plot", "plot.pdf"], "--plot plot.pdf"),
        (["throughput", "--jsn", "x"], "--jsn"),
    ],
)
def test_bad_arguments(arguments, named, capsys):
    assert named in complain(capsys, *arguments)


@pytest.mark.parametrize(("option", "name"), [("--json", "a.json"), ("--plot", "a.png"), ("--html", "a.html")])
def test_files_that_cannot_be_written(option, name, capsys, tmp_path):
    path = tmp_path / "nowhere" / name
    assert f"{option} {path}" in complain(capsys, "throughput", option, path)
    assert f"{option} {tmp_path}" in complain(capsys, "throughput", option, tmp_path)


def test_checking_a_file_leaves_it_alone(capsys, tmp_path):
    old, new = tmp_path / "old.json", tmp_path / "new.html"
    old.write_text("what was there")
    complain(capsys, "throughput", "--json", old, "--html", new, "--bind", "nope://127.0.0.1:1")
    assert old.read_text() == "what was there"
    assert not new.exists()


def test_two_files_that_are_one(capsys, tmp_path):
    path, link = tmp_path / "page.html", tmp_path / "link.html"
    link.symlink_to(path)
    assert f"--html {link}: that is where --json goes" in complain(capsys, "throughput", "--json", path, "--html", link)
    assert os.path.lexists(link) and not path.exists()


@pytest.mark.parametrize(
    ("module", "arguments", "named"),
    [
        ("uvloop", ["throughput", "--api", "uvloop"], "--api uvloop: uvloop is not installed"),
        ("trio", ["latency", "--api", "trio"], "--api trio: trio is not installed"),
        ("hdrh", ["latency"], "latency: hdrhistogram is not installed"),
        ("matplotlib", ["throughput", "--html", os.devnull], "--html: matplotlib is not installed"),
        ("rich", ["throughput"], "rich is not installed"),
    ],
)
def test_what_is_not_installed_is_found_before_measuring(module, arguments, named):
    code = f"import sys; sys.modules[{module!r}] = None; from zmqbind.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "perf", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert named in line
