"""``zmqbind perf`` between processes and threads of one machine, run as users run it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from itertools import product

import psutil
import pytest
from perf_command import FOR_EVER, HERE, SHORT, command, finish, read, run, start

pytest.importorskip("rich")
pytest.importorskip("hdrh")

PATTERNS = ("push-pull", "pub-sub", "req-rep", "router-dealer")
# Each pattern over each transport, with one of the two commands.
COMBINATIONS = [
    (("throughput", "latency")[number % 2], pattern, transport)
    for number, (pattern, transport) in enumerate(product(PATTERNS, ("tcp", "ipc", "inproc")))
]


@pytest.mark.parametrize(("what", "pattern", "transport"), COMBINATIONS)
def test_every_pattern_with_every_api(what, pattern, transport, tmp_path):
    lockstep = what == "latency" or pattern == "req-rep"
    apis = [api for api in HERE if not (lockstep and api == "batch")]
    curve = ["--curve"] if pattern == "router-dealer" and transport != "inproc" else []
    path = tmp_path / "results.json"
    done = run(
        *(what, "--pattern", pattern, "--transport", transport, "--api", ",".join(apis), *curve),
        *("--size", "0,10,70k", "--json", path, *SHORT),
    )
    assert (done.returncode, done.stderr) == (0, "")
    document = read(path)
    assert (document["settings"]["command"], document["settings"]["pattern"]) == (what, pattern)
    assert document["settings"]["curve"] is bool(curve)
    sizes = [0, 10, 70_000]
    assert [(case["api"], case["size"]) for case in document["cases"]] == list(product(apis, sizes))
    for case in document["cases"]:
        (sample,) = case["samples"]
        assert sample["count"] == 30
        assert not sample["partial"]
        assert sample["sent"] - sample["received"] == sample["lost"] >= 0
        if pattern != "pub-sub" or lockstep:
            assert sample["lost"] == 0
        assert ("latency_us" in sample) is (what == "latency")
        assert case["api"] in done.stdout


def test_rounds_of_a_fixed_time_over_a_small_queue(tmp_path):
    path = tmp_path / "results.json"
    done = run("throughput", "--time", "0.05", "--warm-up", "0", "--rounds", "2", "--hwm", "3", "--json", path)
    assert (done.returncode, done.stderr) == (0, "")
    document = read(path)
    assert [case["size"] for case in document["cases"]] == [10, 1000, 100_000]
    for case in document["cases"]:
        assert [sample["round"] for sample in case["samples"]] == [1, 2]
        assert all(sample["seconds"] >= 0.05 and sample["lost"] == 0 for sample in case["samples"])
        assert case["summary"]["cpu"]["bind"] > 0
        assert case["summary"]["cpu"]["connect"] > 0


@pytest.fixture
def terminal():
    """``terminal(*arguments)`` starts it in a terminal; returns the process and what reads the terminal."""
    pty = pytest.importorskip("pty")
    started = []

    def start_in_terminal(*arguments):
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
        process = subprocess.Popen(command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        started.append((process, ours))
        return process, ours

    yield start_in_terminal
    for process, ours in started:
        process.kill()
        process.wait()
        os.close(ours)


def read_until(descriptor, pattern):
    """Read until the terminal shows it."""
    shown = b""
    while not re.search(pattern, shown):
        shown += os.read(descriptor, 4096)
    return shown


def read_rest(descriptor):
    shown = b""
    try:
        while more := os.read(descriptor, 4096):
            shown += more
    except OSError:  # which is how the end of a terminal is told on Linux
        pass
    return shown


RATE = rb"\d [kM]?/s|\d/s"


@pytest.mark.parametrize(
    ("what", "transport", "api"),
    [
        ("throughput", "tcp", "single"),
        ("throughput", "ipc", "asyncio"),
        ("throughput", "inproc", "single"),
        ("latency", "tcp", "uvloop"),
        ("latency", "ipc", "trio"),
        ("latency", "inproc", "asyncio"),
    ],
)
def test_ctrl_c_ends_it_with_what_has_been_measured(what, transport, api, terminal, tmp_path):
    if api not in HERE:
        pytest.skip(f"{api} is not installed")
    path, page = tmp_path / "results.json", tmp_path / "page.html"
    process, screen = terminal(
        *(what, "--transport", transport, "--api", api, "--size", "10", "--json", path, "--html", page, *FOR_EVER)
    )
    read_until(screen, RATE)  # the progress bar shows how fast it is
    peers = psutil.Process(process.pid).children()
    assert len(peers) == (transport != "inproc")
    process.send_signal(signal.SIGINT)
    shown = read_rest(screen)
    assert process.wait(30) == 130
    assert b"Interrupted" in shown and b"Traceback" not in shown and b"Exception" not in shown
    document = read(path)
    assert document["interrupted"]
    (case,) = document["cases"]
    assert [sample["partial"] for sample in case["samples"]] == [True]
    assert case["samples"][0]["count"] > 0
    assert "Interrupted" in page.read_text()
    assert not psutil.wait_procs(peers, timeout=10)[1]


@pytest.mark.parametrize("what", ["throughput", "latency"])
def test_no_peer_is_left_when_the_command_is_killed(what, terminal):
    process, screen = terminal(what, "--size", "10", *FOR_EVER)
    read_until(screen, RATE)
    peers = psutil.Process(process.pid).children()
    assert len(peers) == 1
    process.kill()
    assert not psutil.wait_procs(peers, timeout=20)[1]


@pytest.mark.parametrize("what", ["throughput", "latency"])
def test_a_peer_that_is_killed_is_told_in_one_line(what, terminal):
    process, screen = terminal(what, "--size", "10", *FOR_EVER)
    read_until(screen, RATE)
    (peer,) = psutil.Process(process.pid).children()
    peer.kill()
    shown = read_rest(screen)
    assert process.wait(30) == 1
    assert b"the peer has gone away" in shown
    assert b"Traceback" not in shown


def test_the_command_itself_loads_only_when_it_is_wanted():
    code = (
        "import sys; from zmqbind.cli import main; main(['info', '--json']); "
        "assert not any(name.startswith(('zmqbind.perf', 'rich', 'matplotlib')) for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=30)


def test_throughput_loads_neither_plots_nor_histograms():
    code = (
        "import sys; from zmqbind.cli import main; assert main(sys.argv[1:]) == 0; "
        "assert not any(name.startswith(('hdrh', 'matplotlib')) for name in sys.modules)"
    )
    arguments = ["perf", "throughput", "--size", "10", *SHORT]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, timeout=30)


ENDS = ("throughput", "--size", "10")


def meet(tmp_path, binds=(), connects=()):
    """Run both ends with these further arguments; return what came of each."""
    endpoint = f"ipc://{tmp_path}/meet"
    first = start("throughput", "--bind", endpoint, *binds)
    second = start("throughput", "--connect", endpoint, *connects)
    return finish(first), finish(second)


def test_two_ends_agree_and_both_tell_the_results(tmp_path):
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    first, second = meet(
        tmp_path,
        ["--pattern", "router-dealer", "--json", here],
        ["--size", "10,1k", "--pattern", "router-dealer", "--json", there, *SHORT],
    )
    assert (first[0], second[0]) == (0, 0)
    documents = read(here), read(there)
    for document in documents:
        del document["date"]
    assert documents[0] == documents[1]
    assert documents[0]["settings"]["sizes"] == [10, 1000]


def test_two_ends_meet_over_ipv6(tmp_path):
    try:
        with socket.socket(socket.AF_INET6) as free:
            free.bind(("::1", 0))
    except OSError as reason:
        pytest.skip(f"no IPv6: {reason}")
    first = start("throughput", "--bind", "tcp://[::1]:*", "--size", "10", *SHORT)
    found = re.search(r"tcp://\[::1\]:\d+", first.stderr.readline())
    second = start("throughput", "--connect", found[0])
    assert (finish(second)[0], finish(first)[0]) == (0, 0)


@pytest.mark.parametrize(
    ("binds", "connects", "line"),
    [
        (["--size", "10,20"], ["--size", "10"], "--size: 10,20 at one end, 10 at the other"),
        (["--warm-up", "1"], ["--warm-up", "2"], "--warm-up: 1.0 at one end, 2.0 at the other"),
        (["--time", "1"], ["--count", "2"], "--count: not with --time, which the other end was given"),
        (["--pattern", "req-rep"], ["--api", "batch"], "--api batch: not with --pattern req-rep"),
    ],
)
def test_two_ends_that_disagree_say_so_in_one_line(tmp_path, binds, connects, line):
    for status, output, complaints in meet(tmp_path, binds, connects):
        assert (status, output) == (2, "")
        assert complaints.splitlines()[-1].startswith(f"zmqbind perf throughput: {line}")


@pytest.mark.skipif("uvloop" not in HERE, reason="uvloop is not installed")
def test_what_the_end_that_connects_lacks_is_told_at_both(tmp_path):
    endpoint = f"ipc://{tmp_path}/meet"
    first = start("throughput", "--bind", endpoint, "--api", "uvloop")
    code = "import sys; sys.modules['uvloop'] = None; from zmqbind.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = [sys.executable, "-c", code, "perf", "throughput", "--connect", endpoint]
    second = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for status, output, complaints in (finish(first), finish(second)):
        assert (status, output) == (2, "")
        assert re.search("--api uvloop: .* at the end that connects$", complaints.splitlines()[-1])


def test_ctrl_c_at_the_end_that_connects_ends_both(tmp_path, terminal):
    endpoint = f"ipc://{tmp_path}/meet"
    first, screen = terminal("throughput", "--bind", endpoint, *FOR_EVER)
    second = start("throughput", "--connect", endpoint)
    read_until(screen, RATE)
    second.send_signal(signal.SIGINT)
    assert finish(second)[0] == 130
    shown = read_rest(screen)
    assert first.wait(30) == 130
    assert b"Interrupted" in shown


@pytest.mark.parametrize("option", ["--bind", "--connect"])
def test_a_peer_that_never_comes(option, tmp_path):
    endpoint = f"ipc://{tmp_path}/alone"
    begun = time.monotonic()
    done = run("throughput", option, endpoint, "--timeout", "0.3")
    assert done.returncode == 1
    assert time.monotonic() - begun >= 0.3
    assert f"{endpoint} within 0.3 s (--timeout)" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("hello", "line"),
    [
        (
            [b'{"what": "hello", "protocol": 99, "version": "9.9"}'],
            "this is zmqbind .* and the peer 9.9: their protocols",
        ),
        ([b"HELO"], "the peer is no `zmqbind perf`"),
        ([b"{}"], "the peer is no `zmqbind perf`"),
        ([b"1", b"2"], "the peer is no `zmqbind perf`"),
        ([b"[" * 100_000], "the peer is no `zmqbind perf`"),
        ([b'{"what": "hello", "protocol": 1}'], "the peer is no `zmqbind perf`"),
        ([b'{"what": "hello", "protocol": 1, "given": {"speed": 3}}'], "the peer is no `zmqbind perf`"),
    ],
)
def test_a_peer_of_another_kind(hello, line, make_socket, tmp_path):
    import zmqbind as zmq

    endpoint = f"ipc://{tmp_path}/odd"
    process = start("throughput", "--bind", endpoint)
    peer = make_socket(zmq.PAIR, rcvtimeo=20_000)
    peer.connect(endpoint)
    peer.send_multipart(hello)
    answer = peer.recv_json()
    status, output, complaints = finish(process)
    assert (status, output) == (1, "")
    assert re.search(line, complaints.splitlines()[-1])
    assert (answer["what"], answer["status"]) == ("failed", 1)
    assert re.search(line, answer["text"])
