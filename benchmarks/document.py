"""Results as JSON: made, checked, written and read. schema.json says what is in it; README.md explains it."""

from __future__ import annotations

import json
import platform
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from . import machine, stats
from .cases import OURS

FORMAT = "zmqbind-benchmarks/1"
SCHEMA = Path(__file__).with_name("schema.json")
DIGITS = 5  # significant ones of a sample


class BadDocument(Exception):
    """The file is not one of results; the text says why."""


def make(results, libraries, absent, settings):
    """The document of a run."""
    return {
        "format": FORMAT,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": {name: {"version": it.version, "engine": it.engine} for name, it in libraries.items()},
        "absent": absent,
        "settings": settings,
        "rounds": results.rounds,
        "interrupted": results.interrupted,
        "failures": results.failures,
        "cases": [make_case(case, results.samples[case]) for case in results.cases],
        "system_calls": {},
    }


def make_case(case, samples):
    """One case with its samples, and what they come to."""
    measured = {library: columns(taken) for library, taken in samples.items() if taken}
    costs = {library: costs_by_round(case.section, of_library) for library, of_library in measured.items()}
    return {
        "id": case.id,
        "section": case.section,
        "name": case.name,
        "label": case.label,
        "transport": case.transport,
        "size": case.size,
        "number": case.number,
        "unit": case.unit,
        "targets": case.targets,
        "cost": {library: stats.quartiles(of_library) for library, of_library in costs.items()},
        "ratio": {
            peer: median(costs[peer]) / median(costs[OURS])
            for peer in costs
            if peer != OURS and OURS in costs and median(costs[OURS]) > 0
        },
        "samples": measured,
    }


def columns(samples):
    """The samples of one library, each quantity as a list by round."""
    return {
        what: [sample[what] if what in ("count", "bytes") else significant(sample[what]) for sample in samples]
        for what in samples[0]
    }


def significant(number):
    """A number with so many digits as mean something."""
    return float(f"{number:.{DIGITS}g}")


def costs_by_round(section, samples):
    """What each round of one library is judged by: seconds (or bytes) for one; of round trips, the median one's."""
    if section == "latency":
        return [value * 1e-6 for value in samples["p50_us"]]
    what = "bytes" if "bytes" in samples else "seconds"
    return [value / count for value, count in zip(samples[what], samples["count"], strict=True)]


class Results:
    """A document as the tables and plots see it."""

    def __init__(self, document):
        self.document = document
        self.cases = {case["id"]: case for case in document["cases"]}
        self.libraries = document["libraries"]

    def section(self, name):
        """The cases of a section that were measured."""
        return [case for case in self.document["cases"] if case["section"] == name and case["cost"]]


def cost(case, library):
    """The median of what one costs, seconds or bytes, or None."""
    of_library = case["cost"].get(library)
    return of_library["median"] if of_library else None


def rate(case, library):
    """Messages or calls per second, or None."""
    of_library = cost(case, library)
    return 1 / of_library if of_library else None


def spread(case, library):
    """Half of the distance between the quartiles, as a share of the median, or None."""
    median_cost = cost(case, library)
    return (case["cost"][library]["q3"] - case["cost"][library]["q1"]) / 2 / median_cost if median_cost else None


def sampled(case, library, what):
    """The median of one quantity of the samples, or None."""
    values = case["samples"].get(library, {}).get(what)
    return median(values) if values else None


def validate(document):
    """Raise BadDocument, naming what is wrong, if it is not one."""
    from jsonschema import Draft202012Validator  # takes long to import

    schema = json.loads(SCHEMA.read_text())
    error = next(iter(sorted(Draft202012Validator(schema).iter_errors(document), key=lambda e: list(e.path))), None)
    if error is not None:
        raise BadDocument(f"{error.json_path}: {error.message[:200]}")


def check_case(where, case):
    """Raise BadDocument for what no schema can say: samples that do not belong together."""
    for library, samples in case["samples"].items():
        what = "p50_us" if case["section"] == "latency" else "bytes" if case["unit"] == "B" else "seconds"
        if what not in samples:
            raise BadDocument(f"{where}.samples.{library}: {what!r} is a required property")
        if len(set(map(len, samples.values()))) > 1:
            raise BadDocument(f"{where}.samples.{library}: not every quantity has an item for each round")
    if case["section"] not in ("operation", "memory"):  # in which there are differences, which may be anything
        for library, cost in case["cost"].items():
            if min(cost.values()) <= 0:
                raise BadDocument(f"{where}.cost.{library}: not above 0")


def no_constant(name):
    """For what JSON has not got, though Python reads it."""
    raise ValueError(f"{name} is no number")


def read(path):
    """The results in a file."""
    try:
        document = json.loads(Path(path).read_text(), parse_constant=no_constant)
    except OSError as error:
        raise BadDocument(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"{path}: {error}") from None
    try:
        validate(document)
        for number, case in enumerate(document["cases"]):
            check_case(f"$.cases[{number}]", case)
    except BadDocument as error:
        raise BadDocument(f"{path}: {error}") from None
    return Results(document)


def write(path, document):
    """Write the document, a case a line; never leave half of one."""
    cases = ",\n  ".join(json.dumps(case) for case in document["cases"])
    head = json.dumps(document | {"cases": []}, indent=1)
    partial = path.with_suffix(".partial")
    partial.write_text(head.replace('"cases": []', f'"cases": [\n  {cases}\n ]', 1) + "\n")
    partial.replace(path)
