"""What becomes of the benchmarks' results: tables, plots, the page, curves, comparison, and README's table."""

from __future__ import annotations

import copy
import json
import random
import re
import shutil
import xml.etree.ElementTree as ElementTree

import pytest

pytest.importorskip("rich")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytest.importorskip("jsonschema")

import jsonschema

from benchmarks import cases, document, libraries, readme, report, stats, system_calls, tables, text
from benchmarks.__main__ import main
from benchmarks.compare import changes
from benchmarks.curves import curves
from benchmarks.rounds import Results

FOUND = {
    name: libraries.Library(name, [], None if name == "c" else "1.0", "nng 1.0" if name == "pynng" else "libzmq 4.3.5")
    for name in libraries.LABELS
}
SETTINGS = {"level": "full", "parts": list(cases.PARTS), "rounds": 7, "seconds": 0.1}
SPEED = {"zmqbind": 1.0, "pyzmq": 3.0, "pynng": 20.0, "zmq-anyio": 10.0, "c": 0.7}  # seconds, by 1e-6 or so


def made_up(change=lambda case, library: 1.0, rounds=7, seed=1, chosen=cases.ALL):
    """Results as a run would leave them: a fixed cost and one for each byte or socket, with a tenth of noise.

    change: (case, library) -> factor.
    """
    noise = random.Random(seed)
    results = Results(list(chosen))
    for case in chosen:
        base = 1e-6 * (1 + case.size * 1e-4 + (case.number or 0) * 1e-2)
        for library in case.libraries:
            for _ in range(rounds):
                cost = base * SPEED[library] * change(case, library) * noise.uniform(0.95, 1.05)
                sample = {"count": 1000, "seconds": cost * 1000, "user": cost * 600, "system": cost * 400}
                if case.section == "latency":
                    sample |= {"p50_us": cost * 1e6, "p99_us": cost * 2e6}
                if case.unit == "B":
                    sample = {"count": 1000, "bytes": round(cost * 1e12)}
                results.samples[case][library].append(sample)
    results.rounds = rounds
    return document.make(results, FOUND, {"twisted": "no module named 'twisted'"}, SETTINGS)


@pytest.fixture(scope="module")
def full():
    """Made-up results of a full run. Not to be changed."""
    made = made_up()
    made["system_calls"] = {"throughput/push-pull/tcp/10B": {"sendto": 0.004, "recvfrom": 0.003, "poll": 0.001}}
    return made


def test_document_is_as_its_schema_says_and_comes_back_from_its_file(full, tmp_path):
    jsonschema.Draft202012Validator.check_schema(json.loads(document.SCHEMA.read_text()))
    jsonschema.validate(full, json.loads(document.SCHEMA.read_text()))
    document.write(tmp_path / "results.json", full)
    assert document.read(tmp_path / "results.json").document == full
    assert list(tmp_path.iterdir()) == [tmp_path / "results.json"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda made: made.pop("machine"), "'machine' is a required property"),
        (lambda made: made.update(format="zmqbind-benchmarks/9"), "format"),
        (lambda made: made["cases"][3].update(section="nonsense"), r"cases\[3\]\.section"),
        (lambda made: made["cases"][0]["samples"]["c"].update(count=["many"]), r"samples\.c\.count\[0\]"),
        (lambda made: made["cases"][0]["samples"]["c"].pop("seconds"), r"cases\[0\]\.samples\.c: 'seconds'"),
        (lambda made: made["cases"][0]["samples"]["c"]["seconds"].pop(), r"samples\.c: not every quantity"),
        (lambda made: made["cases"][0].update(section="latency"), r"'p50_us' is a required"),
        (lambda made: made["cases"][0]["cost"]["c"].update(median=0), r"cases\[0\]\.cost\.c: not above 0"),
        (lambda made: made["cases"][0]["cost"]["c"].update(median=float("nan")), "NaN is no number"),
    ],
)
def test_file_that_is_none_of_results_is_refused(full, tmp_path, capsys, spoil, message):
    made = copy.deepcopy(full)
    spoil(made)
    path = tmp_path / "bad.json"
    document.write(path, made)
    with pytest.raises(document.BadDocument, match=message):
        document.read(path)
    assert main(["report", str(path), "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"benchmarks: {path}: ")


def test_document_names_no_machine_and_no_path(full):
    import platform

    whole = json.dumps(full | {"cases": []})
    assert platform.node() not in whole and str(readme.ROOT) not in whole


def test_cost_is_the_median_and_ratios_are_those_of_the_medians():
    case = cases.Case("operation", "test", 10, ("zmqbind", "pyzmq", "c"))
    times = {"zmqbind": [1.0, 2.0, 4.0], "pyzmq": [3.0, 4.0, 4.0], "c": []}
    samples = {name: [{"count": 1, "seconds": seconds} for seconds in taken] for name, taken in times.items()}
    made = document.make_case(case, samples)
    assert made["cost"]["zmqbind"] == {"q1": 1.5, "median": 2.0, "q3": 3.0}
    assert made["ratio"] == {"pyzmq": 2.0} and set(made["samples"]) == {"zmqbind", "pyzmq"}


def test_round_trips_are_judged_by_their_medians():
    case = cases.Case("latency", "req-rep", 10, ("zmqbind",), "tcp")
    sample = {"count": 10, "seconds": 99.0, "p50_us": 40.0, "p99_us": 90.0}
    assert document.make_case(case, {"zmqbind": [sample]})["cost"]["zmqbind"]["median"] == pytest.approx(40e-6)


# Tables and the page


def test_every_case_is_in_a_table(full):
    made = list(tables.tables(document.Results(full)))
    rows = sum(table.row_count for table in made)
    latencies = sum(case.section == "latency" for case in cases.ALL)  # in two tables
    assert rows == len(cases.ALL) + latencies


def test_ratio_below_its_target_is_marked():
    slow = made_up(lambda case, library: 10 if library == "zmqbind" else 1)
    by_id = document.Results(slow).cases
    assert tables.ratio_text(by_id["throughput/push-pull/tcp/10B"], "pyzmq").plain.endswith("!")
    assert not tables.ratio_text(by_id["throughput/push-pull/tcp/100B"], "pyzmq").plain.endswith("!")


def test_nothing_measured_still_makes_a_page(tmp_path):
    empty = document.make(Results(list(cases.ALL)), FOUND, {}, SETTINGS)
    assert list(tables.tables(document.Results(empty))) == []
    assert report.write(document.Results(empty), tmp_path) == ["report.html"]


@pytest.fixture(scope="module")
def few(full):
    """The same, with less to draw."""
    few_sections = ("throughput", "loop", "fan-out", "memory")
    kept = [c for c in full["cases"] if c["section"] in few_sections and c["transport"] in ("tcp", None)]
    return full | {"cases": kept}


def test_report_draws_every_plot_and_one_page_that_needs_no_other_file(few, tmp_path, capsys):
    document.write(tmp_path / "results.json", few)
    assert main(["report", str(tmp_path / "results.json"), "--output", str(tmp_path / "drawn")]) == 0
    written = set(capsys.readouterr().out.split())
    assert written == {path.name for path in (tmp_path / "drawn").iterdir()}
    names = ("throughput-tcp", "ratio-loop", "cost-throughput-tcp", "cost-fan-out-xpub-sub")
    assert written == {"report.html", *(f"{name}.{suffix}" for name in names for suffix in ("png", "svg"))}
    for path in (tmp_path / "drawn").glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    svg = ElementTree.parse(tmp_path / "drawn" / "throughput-tcp.svg").getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    page = (tmp_path / "drawn" / "report.html").read_text()
    assert re.findall(r'(?:src|srcset|href)="(?!data:)', page) == []
    assert "prefers-color-scheme: dark" in page and "no module named &#39;twisted&#39;" in page
    for section in {case["section"] for case in few["cases"]}:
        assert cases.SECTIONS[section][0] in page
    assert "0.008 system calls a message at 10 B (sendto 0.004, recvfrom 0.003)" in page


def test_page_shows_text_as_text(full, tmp_path):
    made = copy.deepcopy(full)
    made["failures"] = ["<script>alert(1)</script>"]
    made["cases"] = made["cases"][:1]
    report.write(document.Results(made), tmp_path)
    assert "<script>" not in (tmp_path / "report.html").read_text()


# Curves


def test_line_is_fitted():
    line = stats.fit([1, 10, 100, 1000], [2.5, 7, 52, 502])
    assert line.fixed == pytest.approx(2) and line.per_unit == pytest.approx(0.5) and line.error < 1e-9
    assert line.knee == pytest.approx(4)


@pytest.mark.parametrize(("costs", "fixed"), [([5, 4, 3], True), ([0.5, 10, 100], False)])
def test_no_part_of_a_fitted_line_is_negative(costs, fixed):
    line = stats.fit([1, 10, 100], costs)
    assert (line.fixed > 0, line.per_unit > 0) == ((True, False) if fixed else (False, True))
    assert line.knee is None


def test_curves_are_fitted_and_say_what_limits(full):
    found = {curve.name: curve for curve in curves(document.Results(full))}
    assert len(found) == 9
    line = found["cost-throughput-tcp"].fit("zmqbind")
    assert line.fixed == pytest.approx(1e-6, rel=0.1) and line.per_unit == pytest.approx(1e-10, rel=0.1)
    # C takes 0.7 of the time, and the kernel 0.4 of the processor's.
    assert found["cost-throughput-tcp"].limit_text().startswith("no point")
    assert {limit for limit, _ in found["cost-poller-poll-recv"].limits()} == {"zmqbind"}


def test_kernel_or_libzmq_is_named_where_it_becomes_the_limit(full):
    made = copy.deepcopy(full)
    for case in made["cases"]:
        if case["section"] == "throughput" and case["size"] >= 10_000:
            samples = case["samples"]["zmqbind"]
            samples["user"] = [seconds / 10 for seconds in samples["system"]]
        if case["section"] == "fan-out":
            case["cost"]["c"]["median"] = case["cost"]["zmqbind"]["median"]
    found = {curve.name: curve for curve in curves(document.Results(made))}
    kernel = found["cost-throughput-tcp"].limit_text()
    assert kernel.startswith("the kernel, from 10 KB on: 91% of the processor time is spent there")
    assert found["cost-fan-out-xpub-sub"].limit_text().startswith("libzmq, everywhere: C takes 1.00 of zmqbind's time")


def test_reports_of_strace_are_read():
    lines = ["    calls syscall", "--------- ----------------", "      123 sendto", "        4 poll", "      127 total"]
    assert system_calls.parse("\n".join(lines)) == {"sendto": 123, "poll": 4}


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_system_calls_are_counted():
    found, _ = libraries.discover()
    case = next(case for case in cases.ALL if case.id == "throughput/push-pull/tcp/100000B")
    counted = system_calls.count([case], found)
    if not counted:
        pytest.skip("strace may not trace here")
    assert counted[case.id]["sendto"] >= 1  # no two of these messages fit into one


def test_what_takes_no_memory_has_no_spread():
    case = cases.Case("memory", "test", 10, ("zmqbind",), unit="B")
    made = document.make_case(case, {"zmqbind": [{"count": 1, "bytes": 0}] * 3})
    assert document.spread(made, "zmqbind") is None


def test_files_that_are_no_json_are_refused(tmp_path):
    path = tmp_path / "bad.json"
    for content in (b"", b"\xff\xfe", b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(document.BadDocument, match=re.escape(str(path))):
            document.read(path)


def test_interrupt_while_system_calls_are_counted_keeps_what_was_measured(tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(system_calls, "count", interrupt)
    monkeypatch.setattr(cases, "ALL", [case for case in cases.ALL if case.id == "operation/attribute/10B"])
    assert main(["--full", "--rounds", "1", "--seconds", "0.001", "--output", str(tmp_path)]) == 130
    assert document.read(tmp_path / "results.json").document["interrupted"]
    assert "interrupted" in (tmp_path / "report.html").read_text()


# Comparison


def compare(old, new, tmp_path, *arguments):
    """The exit status of the command."""
    for name, made in (("old", old), ("new", new)):
        document.write(tmp_path / f"{name}.json", made)
    return main(["compare", str(tmp_path / "old.json"), str(tmp_path / "new.json"), *arguments])


def test_noise_is_no_regression(full, tmp_path, capsys):
    assert compare(full, made_up(seed=2), tmp_path) == 0
    assert f"{len(cases.ALL)} cases compared" in capsys.readouterr().out


def test_machine_that_is_slower_is_no_regression(full, tmp_path, capsys):
    assert compare(full, made_up(lambda case, library: 3.0, seed=2), tmp_path) == 0


def test_regression_is_flagged(full, tmp_path, capsys):
    def change(case, library):
        return 1.3 if (library, case.id) == ("zmqbind", "operation/multipart/10B") else 1.0

    new = made_up(change, seed=2)
    assert compare(full, new, tmp_path) == 1
    printed = capsys.readouterr().out
    assert "operation: multipart 3 x 10 B" in printed and "slower" in printed and "beyond noise: 1" in printed
    assert compare(full, new, tmp_path, "--tolerance", "40") == 0
    assert compare(new, full, tmp_path) == 0
    assert "faster" in capsys.readouterr().out


def test_peer_that_became_faster_counts_only_where_it_is_the_reference():
    chosen = [case for case in cases.ALL if case.id in ("operation/multipart/10B", "operation/string/10B")]
    old = document.Results(made_up(chosen=chosen))
    new = document.Results(made_up(lambda case, library: 0.5 if library == "pyzmq" else 1.0, chosen=chosen))
    found = {change.label: change for change in changes(old, new)}
    assert found["operation: multipart 3 x 10 B"].reference == "c"
    assert found["operation: multipart 3 x 10 B"].ratio == pytest.approx(1, rel=0.1)
    assert found["operation: string 10 B"].reference == "pyzmq"
    assert found["operation: string 10 B"].ratio == pytest.approx(2, rel=0.1)


def test_results_with_nothing_in_common_are_no_comparison(tmp_path, capsys):
    old, new = made_up(chosen=cases.ALL[:3]), made_up(chosen=cases.ALL[3:6])
    assert compare(old, new, tmp_path) == 2
    assert compare(made_up(chosen=cases.ALL[:3], rounds=3), old, tmp_path) == 2
    assert "no case in common" in capsys.readouterr().err


# README


def test_readme_has_the_table_of_the_committed_results():
    results = document.read(readme.RESULTS)
    assert results.document["settings"]["level"] == "full" and results.document["failures"] == []
    assert readme.update(check=True) == 0


def test_changed_readme_is_noticed(tmp_path, monkeypatch, capsys):
    changed = tmp_path / "README.md"
    changed.write_text(readme.README.read_text().replace(readme.BEGIN, readme.BEGIN + "2 times as fast\n"))
    monkeypatch.setattr(readme, "README", changed)
    assert main(["readme", "--check"]) == 1
    assert "README.md; run `make readme-table`" in capsys.readouterr().err
    changed.write_text("no marks")
    assert main(["readme", "--check"]) == 2


def test_readme_is_made_from_other_results(full, tmp_path, monkeypatch):
    places = {"README": tmp_path / "README.md", "RESULTS": tmp_path / "results" / "reference.json", "ROOT": tmp_path}
    for name, path in places.items():
        monkeypatch.setattr(readme, name, path)
    monkeypatch.setattr(readme, "PICTURES", {name: tmp_path / f"{name}.svg" for name in ("light", "dark")})
    places["README"].write_text(f"before\n{readme.BEGIN}old\n{readme.END}after\n")
    document.write(tmp_path / "new.json", full)
    assert main(["readme", str(tmp_path / "new.json")]) == 0
    written = places["README"].read_text()
    assert written.startswith("before\n") and written.endswith("after\n") and "old" not in written
    assert all(label in written for label in readme.ROWS.values())
    assert main(["readme", "--check"]) == 0
    places["RESULTS"].write_bytes(places["RESULTS"].read_bytes() + b"\n")  # the pictures are from others now
    assert main(["readme", "--check"]) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda made: made["settings"].update(level="quick"),
        lambda made: made["settings"].update(parts=["streams"]),
        lambda made: made.update(interrupted=True),
        lambda made: made.update(failures=["c, import: it died"]),
    ],
)
def test_results_that_are_not_of_a_full_run_do_not_become_readmes(full, tmp_path, capsys, spoil):
    before = readme.RESULTS.read_bytes(), readme.README.read_bytes()
    made = copy.deepcopy(full)
    spoil(made)
    document.write(tmp_path / "new.json", made)
    assert main(["readme", str(tmp_path / "new.json")]) == 2
    assert capsys.readouterr().err.startswith(f"benchmarks: {tmp_path / 'new.json'}: ")
    assert (readme.RESULTS.read_bytes(), readme.README.read_bytes()) == before


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "-"), (1.5e-7, "150 ns"), (0.0123, "12.3 ms"), (0.99949, "999 ms"), (2.0, "2.00 s")]
)
def test_times_are_written_with_three_digits(value, expected):
    assert text.cost(value, "s") == expected
