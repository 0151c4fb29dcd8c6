"""The benchmarks: that they run, end, say what they found, and treat what they compare alike."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytest.importorskip("rich")
pytest.importorskip("matplotlib")

from benchmarks import baseline, libraries, loops
from benchmarks.operations import OPERATIONS
from benchmarks.processes import Worker, WorkerFailed, collect, python_command
from benchmarks.rounds import MAXIMUM_COUNT, MINIMUM_COUNT, Case, Runner, calibrate, order

# What takes seconds here takes much longer on a machine that does other things beside.
pytestmark = pytest.mark.timeout(240)
PATIENCE = 200  # seconds

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "benchmarks"]
NAMES = libraries.BLOCKING


def run(*arguments, **environment):
    """Run the benchmarks to their end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.fixture
def make_worker():
    """`make_worker(name)`: a worker that measures this library."""
    workers = []

    def make(name):
        command = [str(baseline.build())] if name == "c" else python_command(libraries.MODULES[name])
        workers.append(Worker(command))
        return workers[-1]

    yield make
    for worker in workers:
        worker.stop()


def case(measure, names=("zmqbind", "pyzmq"), **fields):
    """A case that measures with a function of the test's own."""
    return Case("operation", "test", 10, names, measure, label="test", **fields)


def runner(cases):
    """A runner that tells nobody about its progress."""
    return Runner(cases, 0.01, advance=lambda what: None, new_round=lambda number: None)


def test_quick_run_writes_tables_json_and_plot(tmp_path):
    done = run("--quick", "--output", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    titles = (
        "Throughput, push/pull",
        "Round trip, req/rep",
        "Operations, one process",
        "Event loops, zmqbind and PyZMQ",
    )
    for title in (*titles, "/PyZMQ", "/zmq-anyio", "/C"):
        assert title in done.stdout
    assert "…" not in done.stdout  # 80 columns are enough
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")

    found = json.loads((tmp_path / "results.json").read_text())
    assert set(found["libraries"]) == {*NAMES, "zmq-anyio"} and found["absent"] == {} and found["failures"] == []
    assert found["rounds"] == 1 and not found["interrupted"]
    streams = [c for c in found["cases"] if c["section"] in ("throughput", "latency")]
    assert {(c["section"], c["transport"], c["size"]) for c in streams} == {
        (section, transport, size)
        for section in ("throughput", "latency")
        for transport in ("tcp", "ipc", "inproc")
        for size in (10, 100_000)
    }
    for each in streams:
        assert set(each["ratio"]) == {"pyzmq", "c"} and all(ratio > 0 for ratio in each["ratio"].values())
        for samples in each["samples"].values():
            assert [sample["count"] >= MINIMUM_COUNT for sample in samples] == [True]
            assert all(s["p50_us"] <= s["p99_us"] for s in samples if each["section"] == "latency")
    operations = [c for c in found["cases"] if c["section"] == "operation"]
    assert [c["label"] for c in operations] == [o.label for o in OPERATIONS] + ["import", "tcp batches 10 B"]
    measured = [c for c in operations if c["name"] != "import"]  # a difference: any number
    assert all(sample["seconds"] > 0 for c in measured for s in c["samples"].values() for sample in s)
    awaited = {c["name"]: set(c["ratio"]) for c in found["cases"] if c["section"] == "loop"}
    assert awaited == {
        f"{loop.name}:{operation}": {loop.peer} for loop in loops.LOOPS for operation in loops.TARGETS[loop.name]
    }


@pytest.mark.parametrize("receiver", NAMES)
@pytest.mark.parametrize("sender", NAMES)
@pytest.mark.parametrize(("back", "front"), [("pull", "push"), ("rep", "req")])
def test_every_worker_can_measure_with_every_other(make_worker, tmp_path, receiver, sender, back, front):
    behind, before = make_worker(receiver), make_worker(sender)
    for endpoint in ("tcp://127.0.0.1:*", f"ipc://{tmp_path}/s"):
        behind.ask(back, endpoint, 10, 2500)  # beyond the high-water marks of both
        bound = collect(behind)[0]["endpoint"]
        assert bound.startswith(endpoint.rstrip("*"))
        before.ask(front, bound, 10, 2500)
        for answer in collect(behind, before):
            assert answer["count"] == 2500 and answer["seconds"] > 0
        assert {"p50_us", "p99_us"} <= answer.keys() or front == "push"
        behind.ask()
        before.ask()


@pytest.mark.parametrize("name", NAMES)
def test_workers_answer_the_same_jobs(make_worker, name):
    worker = make_worker(name)
    jobs = [("throughput", "inproc", 10, 250), ("latency", "inproc", 0, 1)]
    jobs += [("operation", o.name, o.size, 10) for o in OPERATIONS if o.in_c or name != "c"]
    for job in jobs:
        worker.ask(*job)
        answer = collect(worker)[0]
        assert answer["count"] == (300 if job[0] == "throughput" else job[3])  # whole bursts
        assert answer["seconds"] >= 0
    for job in (
        "nonsense",
        "pull tcp://127.0.0.1:*",
        "req x 10 0",
        "throughput tcp 1 1",
        "operation none 1 1",
    ):
        worker.ask(job)
        with pytest.raises(WorkerFailed, match=r"^unknown job$"):
            collect(worker)
    worker.ask("version")
    assert collect(worker)[0].keys() == {"library", "version", "libzmq"}


@pytest.mark.parametrize("loop", loops.LOOPS, ids=lambda loop: loop.name)
def test_every_loop_is_measured_with_both_libraries(loop):
    modules = [libraries.MODULES[name] for name in (libraries.OURS, loop.peer)]
    worker = Worker(python_command(*modules))
    try:
        for operation, module in itertools.product(loops.TARGETS[loop.name], modules):
            worker.ask("loop", f"{loop.name}:{operation}", 10, 1500, module)  # beyond the high-water marks of both
            answer = collect(worker)[0]
            assert answer["count"] == 1500 and answer["seconds"] > 0
    finally:
        worker.stop()


def test_idle_sockets_are_waited_for_beside_what_is_measured(make_worker):
    worker = make_worker("zmqbind")
    worker.ask("loop", "asyncio:wake/30", 10, 10)
    assert collect(worker)[0]["count"] == 10


def test_loop_that_is_not_installed_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(loops, "LOOPS", (loops.LOOPS[0], loops.Loop("uvloop", "uvloop", "pyzmq", "no_such_loop")))
    found = {name: libraries.Library(name, [], "1.0", "4.3.5") for name in NAMES}
    assert {case.name.partition(":")[0] for case in loops.cases(found, pool=None)} == {"asyncio"}
    assert loops.absent() == {"no_such_loop": "no module named 'no_such_loop'"}


@pytest.mark.parametrize("name", NAMES)
def test_error_of_libzmq_becomes_the_answer(make_worker, name):
    worker = make_worker(name)
    worker.ask("pull", "tcp://nowhere.invalid.:1", 10, 10)
    with pytest.raises(WorkerFailed, match=r"No such device|not supported|Invalid argument"):
        collect(worker)


def test_peer_that_dies_does_not_hang_the_run(make_worker):
    receiver, sender = make_worker("zmqbind"), make_worker("c")
    receiver.ask("pull", "tcp://127.0.0.1:*", 10, 100)
    collect(receiver)
    sender._process.kill()
    with pytest.raises(WorkerFailed, match="ended with status -9"):
        collect(receiver, sender)


def test_worker_that_does_not_answer_is_given_up(make_worker):
    receiver = make_worker("c")
    receiver.ask("pull", "tcp://127.0.0.1:*", 10, 100)
    collect(receiver)
    with pytest.raises(WorkerFailed, match=r"no answer within 0\.1 s"):
        collect(receiver, timeout=0.1)


def test_interrupted_run_shows_what_it_has(tmp_path):
    command = [*COMMAND, "--quick", "--only", "operations", "--rounds", "10000", "--output", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=unbuffered()) as process:
        assert any(line.startswith("round 3 of 10000") for line in process.stdout)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        output = process.stdout.read()
    assert process.returncode == 130
    assert "Operations, one process" in output and "Interrupted" in output and "Traceback" not in output
    assert psutil.wait_procs(workers, timeout=PATIENCE)[1] == []
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["interrupted"] and found["rounds"] >= 2
    assert all(each["ratio"]["pyzmq"] > 0 for each in found["cases"] if each["name"] != "import")


def unbuffered():
    """An environment in which a child's lines arrive when they are written."""
    return os.environ | {"PYTHONUNBUFFERED": "1"}


def test_absent_peers_are_left_out_and_named(tmp_path):
    absent = tmp_path / "zmq"
    absent.mkdir()
    (absent / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'zmq'\")")
    done = run("--quick", "--output", tmp_path, PYTHONPATH=str(tmp_path), CC="no-such-compiler")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "without PyZMQ: ModuleNotFoundError: No module named 'zmq'" in done.stdout
    assert "without C: no C compiler" in done.stdout
    assert "/PyZMQ" not in done.stdout and "/C" not in done.stdout
    assert set(json.loads((tmp_path / "results.json").read_text())["absent"]) == {"pyzmq", "zmq-anyio", "c"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rounds", "0"],
        ["--rounds", "many"],
        ["--only", "everything"],
        ["--slow"],
        ["--output", __file__],
        ["extra"],
    ],
)
def test_bad_arguments_get_one_line(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1


def test_baseline_is_built_again_only_when_something_changed(tmp_path, monkeypatch):
    program = tmp_path / "made" / "baseline"
    assert baseline.build(program) == program
    first = program.stat()
    baseline.build(program)
    assert program.stat() == first  # not even touched
    monkeypatch.setenv("CC", os.environ.get("CC", "cc") + " -g")
    baseline.build(program)
    second = program.stat()
    assert second.st_mtime_ns > first.st_mtime_ns
    os.utime(program, (0, 0))  # as if the sources were newer
    baseline.build(program)
    assert program.stat().st_mtime_ns >= second.st_mtime_ns
    assert [path.name for path in sorted(program.parent.iterdir())] == ["baseline", "baseline.command"]


def test_baseline_says_where_it_did_not_find_libzmq(tmp_path, monkeypatch):
    monkeypatch.setenv("ZMQBIND_LIBZMQ", str(tmp_path / "nothing"))
    with pytest.raises(baseline.NoBaseline, match="ZMQBIND_LIBZMQ"):
        baseline.build(tmp_path / "baseline")


@pytest.mark.parametrize("per_call", [2e-8, 1e-6, 1e-4])
def test_calibration_finds_the_count_that_takes_the_time(per_call):
    count = calibrate(lambda n: {"seconds": 1e-4 + n * per_call}, 0.2)
    assert count * per_call == pytest.approx(0.2, rel=0.05)


def test_calibration_at_its_limits():
    assert calibrate(lambda n: {"seconds": n * 1.0}, 0.2) == MINIMUM_COUNT  # one call takes longer than all may
    assert calibrate(lambda n: {"seconds": 0.0}, 0.2) == MAXIMUM_COUNT  # below what the clock can tell


def test_libraries_take_turns():
    assert [order(NAMES, turn)[0] for turn in range(4)] == ["zmqbind", "pyzmq", "c", "zmqbind"]
    assert sorted(order(NAMES, 2)) == sorted(NAMES)


def test_ratio_is_that_of_the_medians():
    times = {
        "zmqbind": iter([1.0, 1.0, 2.0, 4.0]),
        "pyzmq": iter([1.0, 3.0, 4.0, 4.0]),
    }  # the first calibrates
    one = case(lambda library, count: {"count": 1, "seconds": next(times[library])})
    results = runner([one]).run(3)
    assert results.rounds == 3
    assert results.ratio(one, "pyzmq") == 2.0  # 4 by 2
    assert results.ratio(one, "c") is None


def test_failed_measurement_is_told_and_does_not_end_the_run():
    def measure(library, count):
        if library == "pyzmq":
            raise WorkerFailed("it died")
        return {"count": count, "seconds": count * 1e-6}

    bad, good = case(measure), case(measure, names=("zmqbind",), targets={"pyzmq": 1.0})
    results = runner([bad, good]).run(2)
    assert results.failures == ["pyzmq, test: it died"]
    assert results.ratio(bad, "pyzmq") is None
    assert len(results.samples[good]["zmqbind"]) == 2


def test_nothing_measured_still_makes_tables_and_no_plot(tmp_path):
    from benchmarks import plot, report

    def measure(library, count):
        raise KeyboardInterrupt

    results = runner([case(measure), case(measure, transport="tcp")]).run(1)
    assert results.interrupted and results.rounds == 0
    found = {name: libraries.Library(name, [], "1.0", "4.3.5") for name in NAMES}
    assert [table.row_count for table in report.tables(results, found)] == [2]
    assert not plot.plot(tmp_path / "none.png", results, found)
    assert not (tmp_path / "none.png").exists()


def test_run_ends_by_its_deadline():
    one = case(lambda library, count: {"count": count, "seconds": count * 1e-6})
    results = runner([one]).run(10_000, deadline=0.0)
    assert results.rounds == 1  # never none
