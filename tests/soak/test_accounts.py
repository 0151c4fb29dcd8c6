"""The soak's accounts find what is wrong: an account that is always in order proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def accounts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import accounts

    return accounts


@pytest.fixture
def record(accounts, tmp_path):
    """``record(line, ...)``: of a log with these lines."""

    def read(*lines):
        path = tmp_path / "log"
        path.write_text("".join(f"{line}\n" for line in lines))
        return accounts.Record.read(path)

    return read


PIPELINES = {
    "all arrived": (["0: 0 4", "0: 5 9"], ["0: 10 99"], 0, False),
    "on the way to a killed one": (["0: 0 4"], ["0: 10 99"], 5, False),
    "more than can be on the way": (["0: 0 4"], ["0: 2000 2099"], 1995, True),
    "lost within a connection": (["0: 0 4", "0: 6 9"], ["0: 10 99"], 1, True),
    "out of order": (["0: 5 9", "0: 0 4"], ["0: 10 99"], 0, True),
    "twice": (["0: 0 9"], ["0: 5 99"], -5, True),
    "the end is missing": (["0: 0 9"], ["0: 10 98"], 1, True),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_restarted_consumer(accounts, record, name):
    first, second, lost, wrong = PIPELINES[name]
    sent = record(f"sent {1 + int(second[-1].split()[-1]) + (name == 'the end is missing')}")
    account = accounts.restarted_consumer("", sent, [record(*first), record(*second)])
    assert account.lost == lost
    assert bool(account.problems) == wrong, account.problems


def test_nothing_may_be_lost_where_nobody_was_killed(accounts, record):
    assert not accounts.restarted_consumer("", record("sent 10"), [record("0: 0 9")]).problems
    assert accounts.restarted_consumer("", record("sent 10"), [record("0: 1 9")]).problems


@pytest.mark.parametrize(
    "one, two, wrong",
    [
        (["0: 0 0", "0: 2 2"], ["0: 1 1", "0: 3 9"], False),
        (["0: 0 0", "0: 2 2"], ["0: 1 2", "0: 3 9"], True),
        (["0: 0 0", "0: 2 2"], ["0: 3 9", "0: 1 1"], True),
        (["0: 0 0", "0: 2 2"], ["0: 3 9"], True),
    ],
    ids=["right", "twice", "out of order", "lost"],
)
def test_fan_out(accounts, record, one, two, wrong):
    assert bool(accounts.fan_out("", record("sent 10"), [[record(*one)], [record(*two)]]).problems) == wrong


@pytest.mark.parametrize(
    "lines, wrong",
    [
        (["0: 0 5", "1: 0 3", "1: 4 9"], False),
        (["0: 1 5", "1: 0 9"], True),
        (["0: 0 5", "1: 0 3", "1: 5 9"], True),
        (["0: 0 5", "1: 0 8"], True),
    ],
    ids=["right", "the beginning is missing", "a gap", "the end is missing"],
)
def test_restarted_producer(accounts, record, lines, wrong):
    producers = [record(), record("sent 10")]
    assert bool(accounts.restarted_producer("", producers, record(*lines)).problems) == wrong


@pytest.mark.parametrize(
    "lines, wrong",
    [
        (["reply 0 0.1", "late 1", "reply 1 1.2"], False),
        (["reply 0 0.1", "reply 2 0.1"], True),
        (["reply 0 0.1", "wrong 1 b'answer to question 0'", "reply 1 0.1"], True),
        (["reply 0 0.1", "reply 1 99"], True),
        ([], True),
    ],
    ids=["right", "skipped", "another's answer", "took long", "none"],
)
def test_questions(accounts, record, lines, wrong):
    assert bool(accounts.questions("", record(*lines), [record()]).problems) == wrong


def test_growth(accounts, record):
    assert accounts.grown(record(*["process 10000 9"] * 40))[2] is None
    assert accounts.grown(record(*["process 10000 9"] * 20, *["process 20000 9"] * 20))[2]
    assert accounts.grown(record(*["process 10000 9"] * 20, *["process 10000 19"] * 20))[2]
