"""What ``zmqbind perf`` makes of its measurements: numbers, tables, plots and the page."""

from array import array
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

pytest.importorskip("rich")
pytest.importorskip("hdrh")
pytest.importorskip("matplotlib")

from zmqbind.perf import arguments, endpoints, histogram, pictures, report, settings, table, units
from zmqbind.perf.results import Results, sample

MACHINE = {
    "zmqbind": "1.0 <beta>",
    "libzmq": "4.3.5",
    "python": "CPython 3.13",
    "system": "Linux",
    "architecture": "x86_64",
    "processor": "Z80 & sons",
    "cores": 2,
}
VOID = {"meta", "br", "img", "link", "input"}


def made_up(command="throughput", pattern="push-pull", apis=("single", "asyncio"), sizes=(10, 1000), rounds=3):
    """Results of measurements that never were."""
    given = {"command": command, "pattern": pattern, "apis": list(apis), "sizes": list(sizes), "rounds": rounds}
    results = Results(settings.complete(given), "tcp", {"bind": MACHINE, "connect": MACHINE})
    for case in results.settings.cases:
        for number in range(1, rounds + 1):
            leading = SimpleNamespace(meter=SimpleNamespace(count=1000 * number, seconds=0.5, cpu=0.25), histogram=None)
            if command == "latency":
                leading.histogram = histogram.new()
                histogram.record(leading.histogram, array("Q", range(1000, 1_001_000, 1000)))
            results.add(case, sample(leading, number, {"sent": 2000, "received": 1500, "cpu": 0.5}))
    return results


class Checker(HTMLParser):
    """Notes the tags, and complains of those that are not closed in order."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.addresses = []
        self._open = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def close(self):
        super().close()
        assert self._open == []


@pytest.mark.parametrize(
    ("results", "count"),
    [
        (made_up(), 3),
        (made_up(pattern="pub-sub"), 4),
        (made_up(sizes=(0,)), 2),
        (made_up("latency", "req-rep"), 3),
        (made_up("latency", "req-rep", ("single",), (10,)), 1),
        (made_up("latency", "req-rep", sizes=(1, 10, 100, 1000, 10_000)), 4),
    ],
    ids=["throughput", "pub-sub", "empty messages", "latency", "latency of one case", "latency of many cases"],
)
def test_the_page_is_whole_and_needs_nothing_else(results, count):
    text = report.html(results)
    page = Checker()
    page.feed(text)
    page.close()
    assert page.seen.count("svg") == count
    assert all(address.startswith("#") for address in page.addresses)
    assert "url(http" not in text and "<script" not in text
    for case in results.measured:
        assert all(cell in page.text for cell in table.cells(results, case))
    assert "Z80 & sons" in page.text and "1.0 <beta>" in page.text
    assert "prefers-color-scheme: dark" in text and "var(--ink)" in text
    assert "#010203" not in text and "#030201" not in text


def test_axes_say_what_and_in_which_unit():
    throughput, latency = report.html(made_up()), report.html(made_up("latency", "req-rep"))
    for label in ("messages per second", "bytes per second", "CPU seconds per million messages", "message size"):
        assert label in throughput
    for label in ("round trip, µs", "percentile", "99.9 %", "1 kB"):
        assert label in latency


@pytest.mark.parametrize("sizes", [(0, 1, 10, 1000, 100_000), (1, 10, 1000, 100_000)])
def test_sizes_are_told_apart_on_their_axis(sizes):
    figure = pictures.pictures(made_up(sizes=sizes))[0].draw()
    (axes,) = figure.axes
    places = [axes.transAxes.inverted().transform(axes.transData.transform((size, 4000)))[0] for size in sizes]
    assert list(axes.get_xticks()) == list(sizes)
    assert all(after - before > 0.1 for before, after in pairwise(places))


def test_files(tmp_path):
    results = made_up()
    paths = tmp_path / "a.json", tmp_path / "a.png", tmp_path / "a.html"
    assert report.write(results, *paths) == list(paths)
    assert paths[1].read_bytes().startswith(b"\x89PNG")
    svg = tmp_path / "a.svg"
    report.write(results, None, svg, None)
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")


def test_nothing_measured_is_a_page_too(tmp_path):
    results = Results(settings.complete({"command": "latency"}), "tcp", {"bind": MACHINE, "connect": MACHINE})
    results.interrupted = True
    page = tmp_path / "a.html"
    assert report.write(results, None, tmp_path / "a.png", page) == [page]
    assert "Interrupted" in page.read_text()


def test_summary():
    results = made_up()
    row = results.summary(results.measured[1])
    assert (row["rate_min"], row["rate"], row["rate_max"]) == (2000, 4000, 6000)
    assert row["bytes_per_second"] == 4_000_000
    assert (row["count"], row["sent"], row["lost"]) == (6000, 6000, 1500)
    assert row["cpu"] == {"bind": 125, "connect": 250}
    assert table.cells(results, results.measured[1])[-1] == "1.50 k (25.0 %)"
    assert table.lost({"lost": 22, "sent": 1000}) == "22 (2.2 %)"


def test_histogram_of_known_times():
    recorded = histogram.new()
    histogram.record(recorded, array("Q", [1000 * n for n in range(1, 10_001)]))
    found = histogram.percentiles(histogram.merge([histogram.encode(recorded)] * 2))
    for name, microseconds in {"p50": 5000, "p90": 9000, "p99": 9900, "p99.9": 9990, "max": 10_000}.items():
        assert found[name] == pytest.approx(microseconds, rel=0.001)
    parts, times = zip(*histogram.curve(recorded), strict=True)
    assert parts[0] == 0 and parts[-1] > 0.999
    assert list(times) == sorted(times)


def test_histogram_takes_times_of_any_length():
    recorded = histogram.new()
    histogram.record(recorded, array("Q", [0, 10**18]))
    assert recorded.get_total_count() == 2


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("10", [10]),
        ("10,1k,2M", [10, 1000, 2_000_000]),
        ("1-1000", [1, 10, 100, 1000]),
        ("16-4k,0", [16, 160, 1600, 4000, 0]),
        ("5-5,5", [5]),
        ("1G", [10**9]),
    ],
)
def test_sizes(text, sizes):
    assert arguments.sizes(text) == sizes


@pytest.mark.parametrize(
    ("control", "bound", "first", "there", "connected"),
    [
        ("tcp://*:5555", "tcp://0.0.0.0:5555", "tcp://*:5556", "tcp://host:5555", "tcp://host:5556"),
        ("tcp://[::1]:5555", "tcp://[::1]:5555", "tcp://[::1]:5556", "tcp://[::1]:5555", "tcp://[::1]:5556"),
        ("ws://*:80/a", "ws://0.0.0.0:80/a", "ws://*:81/a", "ws://host:80/a", "ws://host:81/a"),
        ("ipc:///tmp/x", "ipc:///tmp/x", "ipc:///tmp/x-1", "ipc:///tmp/x", "ipc:///tmp/x-1"),
    ],
)
def test_where_the_messages_go(control, bound, first, there, connected):
    assert endpoints.to_bind(control, bound, 1) == first
    assert endpoints.to_connect(there, 1, endpoints.place(first)) == connected


def test_any_port_stays_any_port():
    assert endpoints.to_bind("tcp://127.0.0.1:*", "tcp://127.0.0.1:40000", 2) == "tcp://127.0.0.1:*"


@pytest.mark.parametrize(
    ("value", "text"), [(4_312_345, "4.31 M"), (99_960, "100 k"), (12.34, "12.3"), (0, "0.000"), (None, "-")]
)
def test_numbers_for_people(value, text):
    assert units.scaled(value) == text


def test_large_messages_queue_in_smaller_numbers():
    chosen = settings.complete({"command": "throughput"})
    assert [chosen.high_water_mark(size) for size in (0, 10, 1 << 20, 10**9)] == [1000, 1000, 64, 2]
    assert settings.complete({"command": "throughput", "hwm": 7}).high_water_mark(10**9) == 7
