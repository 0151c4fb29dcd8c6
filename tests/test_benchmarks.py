"""The benchmarks: that they run, end, say what they found, and treat what they compare alike."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytest.importorskip("rich")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytest.importorskip("jsonschema")

import jsonschema

from benchmarks import baseline, cases, libraries
from benchmarks.document import SCHEMA
from benchmarks.processes import Worker, WorkerFailed, collect, python_command
from benchmarks.rounds import MAXIMUM_COUNT, MINIMUM_COUNT, Runner, calibrate, order

# What takes seconds here takes much longer on a machine that does other things beside.
pytestmark = pytest.mark.timeout(240)
PATIENCE = 200  # seconds

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "benchmarks"]
NAMES = cases.ZEROMQ
FOUND = {name: libraries.Library(name, [], "1.0", "libzmq 4.3.5") for name in cases.BLOCKING}


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


def run_quickly(tmp_path, *arguments, **environment):
    """A quick run of a part; what it printed and what it wrote."""
    done = run("--quick", "--output", tmp_path, *arguments, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "…" not in done.stdout  # 80 columns are enough
    document = json.loads((tmp_path / "results.json").read_text())
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert document["rounds"] == 1 and not document["interrupted"] and document["failures"] == []
    return done.stdout, document


@pytest.fixture
def make_worker():
    """`make_worker(name, ...)`: a worker that measures these libraries."""
    workers = []

    def make(*names):
        modules = [libraries.MODULES[name] for name in names if name != "c"]
        workers.append(Worker(python_command(*modules) if modules else [str(baseline.build())]))
        return workers[-1]

    yield make
    for worker in workers:
        worker.stop()


def case(names=("zmqbind", "pyzmq"), **fields):
    """A case of the test's own."""
    return cases.Case("operation", "test", 10, names, label="test", **fields)


def runner(chosen, measure):
    """A runner that tells nobody about its progress."""
    return Runner(chosen, measure, 0.01, advance=lambda what: None, new_round=lambda number: None)


def test_quick_run_of_streams(tmp_path):
    printed, document = run_quickly(tmp_path, "--only", "streams")
    for text in ("Throughput, push/pull", "Round trip, req/rep", "/PyZMQ", "/pynng", "/C"):
        assert text in printed
    assert set(document["libraries"]) == set(libraries.LABELS) and document["absent"] == {}
    assert {(c["section"], c["transport"], c["size"]) for c in document["cases"]} == set(
        itertools.product(("throughput", "latency"), ("tcp", "ipc", "inproc"), (10, 100_000))
    )
    for each in document["cases"]:
        assert set(each["ratio"]) == {"pyzmq", "pynng", "c"} and all(ratio > 0 for ratio in each["ratio"].values())
        for samples in each["samples"].values():
            assert [count >= MINIMUM_COUNT for count in samples["count"]] == [True]
            assert each["section"] == "throughput" or samples["p50_us"] <= samples["p99_us"]
    assert {path.name for path in tmp_path.iterdir()} == {"results.json", "report.html"}


@pytest.mark.parametrize("parts", [("operations",), ("loops",), ("curves", "memory")])
def test_quick_run_of_other_parts(tmp_path, parts):
    printed, document = run_quickly(tmp_path, *(word for part in parts for word in ("--only", part)))
    sections = {section: heading for section, (heading, part) in cases.SECTIONS.items() if part in parts}
    assert all(heading in printed for heading in sections.values())
    expected = [c for c in cases.ALL if cases.QUICK in c.levels and c.section in sections]
    assert [(c["id"], set(c["cost"])) for c in document["cases"]] == [(c.id, set(c.libraries)) for c in expected]
    timed = [c for c in document["cases"] if c["name"] != "import" and c["unit"] == "s"]  # an import: a difference
    assert all(seconds > 0 for c in timed for samples in c["samples"].values() for seconds in samples["seconds"])


def test_cases_have_names_of_their_own():
    assert len({each.id for each in cases.ALL}) == len(cases.ALL)


def test_levels_choose():
    counts = {level: len(cases.choose(level, cases.PARTS, FOUND)) for level in cases.LEVELS}
    assert counts["quick"] < counts["full"] > counts["standard"]
    assert all(each.section == "memory" for each in cases.choose(cases.FULL, ("memory",), FOUND))


PAIRED = [
    ("pull", "push"),
    ("rep", "req"),
    ("xpub/3", "sub/3"),
    ("router/7", "dealers/7"),
    ("pull-threads/2", "push-threads/2"),
]


@pytest.mark.parametrize("receiver", NAMES)
@pytest.mark.parametrize("sender", NAMES)
@pytest.mark.parametrize(("back", "front"), PAIRED)
def test_every_worker_can_measure_with_every_other(make_worker, tmp_path, receiver, sender, back, front):
    behind, before = make_worker(receiver), make_worker(sender)
    for endpoint in ("tcp://127.0.0.1:*", f"ipc://{tmp_path}/s"):
        behind.ask(back, endpoint, 10, 4500)  # beyond the high-water marks of both
        bound = collect(behind)[0]["endpoint"]
        assert bound.startswith(endpoint.rstrip("*"))
        before.ask(front, bound, 10, 4500)
        for answer in collect(behind, before):
            assert answer["count"] == 4500 and answer["seconds"] > 0
            assert answer["user"] >= 0 and answer["system"] >= 0
        assert {"p50_us", "p99_us"} <= answer.keys() or front != "req"
        behind.ask()
        before.ask()


@pytest.mark.parametrize(("back", "front"), PAIRED[:2])
def test_pynng_is_measured_too(make_worker, tmp_path, back, front):
    behind, before = make_worker("pynng"), make_worker("pynng")
    for endpoint in ("tcp://127.0.0.1:*", f"ipc://{tmp_path}/s"):
        behind.ask(back, endpoint, 10, 1500)
        bound = collect(behind)[0]["endpoint"]
        before.ask(front, bound, 10, 1500)
        assert [answer["count"] for answer in collect(behind, before)] == [1500, 1500]
        behind.ask()
        before.ask()
    behind.ask("version")
    assert re.fullmatch(r"nng [0-9.]+", collect(behind)[0]["engine"])


@pytest.mark.parametrize("name", cases.BLOCKING)
def test_workers_answer_the_same_jobs(make_worker, name):
    worker = make_worker(name)
    jobs = [("throughput", "inproc", 10, 250), ("latency", "inproc", 1, 1)]
    jobs += [
        (f"operation/{each.number or 0}", each.name, each.size, 10)
        for each in cases.ALL
        if each.section in ("operation", "poller")
        and each.name not in ("import", "batch")
        and name in each.libraries
        and (each.number or 0) <= 100
    ]
    jobs += [("memory", each.name, each.size, 100) for each in cases.memory() if name in each.libraries]
    for job in jobs:
        worker.ask(*job)
        answer = collect(worker)[0]
        assert answer["count"] == (300 if job[0] == "throughput" else job[3])  # whole bursts
        assert answer["seconds"] >= 0 if "seconds" in answer else isinstance(answer["bytes"], int)
    for job in (
        "nonsense",
        "pull tcp://127.0.0.1:*",
        "req x 10 0",
        "req/-1 x 10 1",
        "throughput tcp 1 1",
        "operation none 1 1",
        "memory none 1 1",
    ):
        worker.ask(job)
        with pytest.raises(WorkerFailed, match=r"^unknown job$"):
            collect(worker)
    worker.ask("version")
    assert collect(worker)[0].keys() == {"library", "version", "engine"}


@pytest.mark.parametrize("loop", cases.LOOPS)
def test_every_loop_is_measured_with_both_libraries(make_worker, loop):
    compared = (cases.OURS, cases.LOOPS[loop][1])
    worker = make_worker(*compared)
    for operation, name in itertools.product(cases.LOOP_TARGETS[loop], compared):
        worker.ask("loop", f"{loop}:{operation}", 10, 1500, libraries.MODULES[name])  # beyond the high-water marks
        answer = collect(worker)[0]
        assert answer["count"] == 1500 and answer["seconds"] > 0


def test_idle_sockets_are_waited_for_beside_what_is_measured(make_worker):
    worker = make_worker("zmqbind")
    worker.ask("loop/30", "asyncio:wake", 10, 10)
    assert collect(worker)[0]["count"] == 10


def test_what_is_not_installed_is_left_out_and_named(monkeypatch):
    missing = [case(), case(package="no_such_loop")]
    monkeypatch.setattr(cases, "ALL", missing)
    assert cases.choose(cases.FULL, cases.PARTS, FOUND) == missing[:1]
    assert cases.missing_packages()["no_such_loop"] == "no module named 'no_such_loop'"


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


def test_interrupted_run_keeps_what_was_measured(tmp_path):
    command = [*COMMAND, "--quick", "--only", "memory", "--rounds", "10000", "--output", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=unbuffered()) as process:
        assert any(line.startswith("round 2 of 10000") for line in process.stdout)
        assert json.loads((tmp_path / "results.json").read_text())["rounds"] >= 1  # kept, should it be killed now
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        output = process.stdout.read()
    assert process.returncode == 130
    assert "Resident memory" in output and "Interrupted" in output and "Traceback" not in output
    assert psutil.wait_procs(workers, timeout=PATIENCE)[1] == []
    found = json.loads((tmp_path / "results.json").read_text())
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert found["interrupted"] and found["rounds"] >= 1
    assert all(each["ratio"]["pyzmq"] > 0 for each in found["cases"])
    assert (tmp_path / "report.html").exists()


def unbuffered():
    """An environment in which a child's lines arrive when they are written."""
    return os.environ | {"PYTHONUNBUFFERED": "1"}


def test_absent_peers_are_left_out_and_named(tmp_path):
    for name in ("zmq", "pynng"):
        absent = tmp_path / name
        absent.mkdir()
        (absent / "__init__.py").write_text(f"raise ModuleNotFoundError(\"No module named '{name}'\")")
    environment = {"PYTHONPATH": str(tmp_path), "CC": "no-such-compiler"}
    printed, document = run_quickly(tmp_path, "--only", "loops", "--only", "memory", **environment)
    assert "without PyZMQ: ModuleNotFoundError: No module named 'zmq'" in printed
    assert "without C: no C compiler" in printed
    assert "/PyZMQ" not in printed and "/C" not in printed and "/zmq-anyio" not in printed
    assert set(document["absent"]) == {"pyzmq", "pynng", "zmq-anyio", "c"}
    assert "without pynng" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("matplotlib", ["--quick", "--output", "DIR"]),
        ("rich", ["--quick", "--output", "DIR"]),
        ("jsonschema", ["compare", "DIR/old.json", "DIR/new.json"]),
    ],
)
def test_packages_that_are_missing_are_told_in_one_line(module, arguments, tmp_path):
    for name in ("old.json", "new.json"):
        (tmp_path / name).write_text("{}")
    code = "import sys; sys.modules[sys.argv.pop(1)] = None; from benchmarks.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", code, module, *(word.replace("DIR", str(tmp_path)) for word in arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"benchmarks: {module} is not installed (`make build` does it)\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rounds", "0"],
        ["--rounds", "many"],
        ["--seconds", "0"],
        ["--only", "everything"],
        ["--slow"],
        ["--quick", "--full"],
        ["--output", __file__],
        ["--output", "/dev/fd"],
        ["extra"],
        ["report"],
        ["report", "no-such-file.json"],
        ["report", __file__],
        ["compare", "one.json"],
        ["compare", "no-such-file.json", "no-such-file.json"],
        ["readme", "no-such-file.json"],
        ["readme", "--check", "file.json"],
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
    assert calibrate(lambda n: {"seconds": n * 1.0}, 0.2, minimum=3) == 3
    assert calibrate(lambda n: {"seconds": 0.0}, 0.2) == MAXIMUM_COUNT  # below what the clock can tell


def test_libraries_take_turns():
    assert [order(NAMES, turn)[0] for turn in range(4)] == ["zmqbind", "pyzmq", "c", "zmqbind"]
    assert sorted(order(NAMES, 2)) == sorted(NAMES)


def test_failed_measurement_is_told_and_does_not_end_the_run():
    bad, good = case(), case(names=("zmqbind",), targets={"pyzmq": 1.0})

    def measure(each, library, count):
        if library == "pyzmq":
            raise WorkerFailed("it died")
        return {"count": count, "seconds": count * 1e-6}

    results = runner([bad, good], measure).run(2)
    assert results.failures == ["pyzmq, test: it died"]
    assert results.samples[bad]["pyzmq"] == []
    assert len(results.samples[good]["zmqbind"]) == 2


def test_run_ends_by_its_deadline():
    results = runner([case()], lambda each, library, count: {"count": count, "seconds": count * 1e-6})
    assert results.run(10_000, deadline=0.0).rounds == 1  # never none
