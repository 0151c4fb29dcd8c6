"""``zmqbind perf`` between two network namespaces."""

import pytest
from perf_command import SHORT, finish, read, start

pytest.importorskip("rich")
pytest.importorskip("hdrh")
pytest.importorskip("fcntl")  # which makes the link

from soak.link import Link, Unavailable

PORT = 5555


@pytest.fixture(scope="module")
def link():
    """Two hosts, a millisecond apart."""
    try:
        with Link(delay=0.5, jitter=0, loss=0) as made:
            yield made
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize(("what", "pattern"), [("throughput", "push-pull"), ("latency", "pub-sub")])
def test_two_hosts(what, pattern, link, tmp_path):
    paths = tmp_path / "here.json", tmp_path / "there.json"
    first = start(
        *(what, "--bind", f"tcp://*:{PORT}", "--pattern", pattern, "--size", "10,1k", "--json", paths[0], *SHORT),
        before=link.command_in(0),
    )
    second = start(
        *(what, "--connect", f"tcp://{link.addresses[0]}:{PORT}", "--json", paths[1]), before=link.command_in(1)
    )
    assert (finish(first)[0], finish(second)[0]) == (0, 0)
    documents = [read(path) for path in paths]
    assert documents[0]["cases"] == documents[1]["cases"]
    assert [case["size"] for case in documents[0]["cases"]] == [10, 1000]
    if what == "latency":  # there is no shorter way for them
        assert all(case["summary"]["latency_us"]["p50"] >= 1000 for case in documents[0]["cases"])
