"""The programs in README and on the pages of docs/ run as they stand, and print what is written beside them.

A block that is part of a program, or that needs what no test has, says so in a comment of its own line before it:
``<!-- fragment: why -->``.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(ROOT.glob("docs/*.md"))
BLOCK = re.compile(r"(?P<fragment><!-- fragment: .+ -->\n+)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"^ *print\(.*\)  # (.+?)(?:: .*)?$", re.MULTILINE)
NEEDS = {"gevent": "zmqbind.green"}  # a library of an extra: what a program that needs it imports


def blocks(page):
    """The programs of a page, as parameters of a test: the line they begin in, and their text."""
    text = page.read_text()
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code")) + 1
        skip = pytest.mark.skip(reason="a fragment") if match["fragment"] else ()
        yield pytest.param(match["code"], id=f"{page.name}:{line}", marks=skip)


def bare(text):
    """What is printed, without how it is spread over lines."""
    return re.sub(r"[,\s]", "", text)


@pytest.mark.parametrize("code", [block for page in PAGES for block in blocks(page)])
def test_pages(run_python, code):
    for library, used in NEEDS.items():
        if used in code:
            pytest.importorskip(library)
    output = run_python(code)
    if expected := PRINTED.findall(code):
        assert bare(output) == bare("".join(expected))


def test_every_pattern_is_in_the_tutorial():
    text = (ROOT / "docs" / "tutorial.md").read_text()
    types = "PAIR PUB SUB REQ REP DEALER ROUTER PULL PUSH XPUB XSUB STREAM".split()
    assert [name for name in types if f"zmq.{name})" not in text] == []


def test_readme(start_python):
    """Its two programs, the server and the client, talk to each other."""
    text = (ROOT / "README.md").read_text()
    server, client = (match["code"] for match in BLOCK.finditer(text))
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    assert "127.0.0.1:5000" in server and "127.0.0.1:5000" in client
    programs = [start_python(code.replace("127.0.0.1:5000", f"127.0.0.1:{port}")) for code in (server, client)]
    outputs = [program.communicate(timeout=50)[0] for program in programs]
    assert outputs == [
        "The client said: What's for lunch?\n",
        "The server answered: Lentil soup, and there is enough for two.\n",
    ]


def test_diagrams_are_what_their_texts_say():
    subprocess.run([sys.executable, ROOT / "tools" / "diagrams.py", "--check"], check=True)
