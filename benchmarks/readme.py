"""`python -m benchmarks readme`: the table and the plot of README.md, from the committed results."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from . import document as results_of
from . import plots, text, theme
from .cases import FULL, OURS, PARTS, SECTIONS
from .libraries import LABELS

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results" / "reference.json"
PLOT = "ratio-operation"
PICTURES = {"light": ROOT / "docs" / "speed-light.svg", "dark": ROOT / "docs" / "speed-dark.svg"}
BEGIN = "<!-- from benchmarks/results/reference.json by `make readme-table`; not to be edited -->\n"
END = "<!-- end of what `make readme-table` writes -->\n"

# id of a case: what README calls it
ROWS = {
    "throughput/push-pull/tcp/10B": "TCP push/pull, two processes, 10 B",
    "operation/batch/tcp/10B": "the same in batches (PyZMQ and C: without)",
    "throughput/push-pull/tcp/1000B": "TCP push/pull, 1000 B",
    "throughput/push-pull/tcp/1000000B": "TCP push/pull, 1 MB",
    "latency/req-rep/tcp/10B": "TCP request and reply, 10 B",
    "operation/send-recv/10B": "inproc send + recv, 10 B",
    "operation/send-recv/1000B": "the same, 1000 B",
    "operation/send-recv/1000000B": "the same, 1 MB",
    "operation/nocopy/1000000B": "the same, 1 MB, `copy=False`",
    "operation/multipart/10B": "three-part message, send + recv",
    "operation/string/10B": "`send_string` + `recv_string`",
    "operation/pyobj/10000000B": "10 MB NumPy array by `send_pyobj` over ipc, out of band",
    "operation/attribute/10B": "`socket.linger`",
    "operation/poll-idle/10B/100": "`Poller.poll`, 100 idle sockets",
    "poller/poll-recv/10B/1000": "poll 1,000 sockets, receive from one",
    "operation/import/0B": "`import`",
}


def update(adopted=None, check=False):
    """Write README's part and the pictures, or only say whether they are those of the results; an exit status.

    adopted: a file of results that is to become the committed one; if it cannot, nothing is written.
    """
    results = results_of.read(adopted or RESULTS)
    refuse_partial(results, adopted or RESULTS)
    before = README.read_text()
    after = replaced(before, render(results))
    if adopted is not None:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_bytes(adopted.read_bytes())
    if check:
        stale = [README.name] if before != after else []
        stale += [path.name for path in PICTURES.values() if not path.exists() or digest() not in path.read_text()]
        if stale:
            print(f"not made from {RESULTS.name}: {', '.join(stale)}; run `make readme-table`", file=sys.stderr)
        return 1 if stale else 0
    README.write_text(after)
    plot = next(plot for plot in plots.plots(results) if plot.name == PLOT)
    for look in (theme.LIGHT, theme.DARK):
        plots.save(plot, PICTURES[look.name], look, description=f"{plot.title}. From {RESULTS.name} {digest()}")
    return 0


def refuse_partial(results, path):
    """Raise BadDocument for results that are not all of `make bench-full`, which is what README says they are."""
    document = results.document
    if document["settings"]["level"] != FULL or set(document["settings"]["parts"]) != set(PARTS):
        raise results_of.BadDocument(f"{path}: not all that `make bench-full` measures")
    if document["interrupted"] or document["failures"]:
        raise results_of.BadDocument(f"{path}: the run was interrupted, or something in it failed")


def digest():
    """What tells these results from others."""
    return hashlib.sha256(RESULTS.read_bytes()).hexdigest()[:16]


def replaced(readme, part):
    """README with another part between the marks."""
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise results_of.BadDocument(f"{README.name}: the marks around the table are not there")
    head, _, rest = readme.partition(BEGIN)
    return head + BEGIN + part + END + rest.partition(END)[2]


def render(results):
    """What stands between the marks."""
    return "\n".join([picture(), machine(results), *operations(results), "", *loops(results), ""])


def picture():
    """The plot, in the colours of the page it is on."""
    light, dark = (PICTURES[name].relative_to(ROOT).as_posix() for name in ("light", "dark"))
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="How many times as fast as PyZMQ each operation is"></picture>\n'
    )


def machine(results):
    """The sentence that says where and with what this was measured."""
    document = results.document
    here = document["machine"]
    versions = ", ".join(
        " ".join(filter(None, (LABELS[name], library["version"], f"({library['engine']})")))
        for name, library in results.libraries.items()
    )
    return (
        f"Medians of {document['rounds']} interleaved rounds of `make bench-full` on {here['cores']} cores "
        f"({here['processor']}, {here['system']} {here['architecture']}), {document['python']}, "
        f"load {here['load'] or 0:.1f}, {document['date'][:10]}. {versions}. "
        "± is half the distance between the quartiles of zmqbind's rounds.\n"
    )


def operations(results):
    """The table of operations."""
    peers = [name for name in ("pyzmq", "c") if name in results.libraries]
    headers = ["operation", *(LABELS[name] for name in (OURS, *peers))]
    headers += ["times PyZMQ's speed" if peer == "pyzmq" else "of C's speed" for peer in peers] + ["±"]
    yield row(headers)
    yield "|---" * len(headers) + "|"
    for name, label in ROWS.items():
        case = results.cases.get(name)
        if case and OURS in case["cost"]:
            cells = [quantity(case, library) for library in (OURS, *peers)]
            yield row([label, *cells, *(ratio(case, peer) for peer in peers), spread(case)])


def loops(results):
    """The table of event loops."""
    cases = results.section("loop")
    if not cases:
        return
    yield SECTIONS["loop"][0] + ", against PyZMQ or, on anyio, zmq-anyio:"
    yield ""
    yield row(["operation", "zmqbind", "peer", "times its speed", "±"])
    yield "|---" * 5 + "|"
    for case in cases:
        for peer in case["ratio"]:
            yield row([case["label"], quantity(case, OURS), quantity(case, peer), ratio(case, peer), spread(case)])


def row(cells):
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def quantity(case, library):
    """Messages per second of a stream, else the cost; nothing if it was not measured."""
    if library not in case["cost"]:
        return ""
    if case["section"] == "throughput" or case["name"] == "batch":
        return f"{text.rate(results_of.rate(case, library))}/s"
    return text.cost(results_of.cost(case, library), case["unit"])


def spread(case):
    """That of zmqbind's rounds."""
    return text.spread(results_of.spread(case, OURS))


def ratio(case, peer):
    """How many times as fast as a peer."""
    return text.digits(case["ratio"][peer]) if peer in case["ratio"] else ""
