"""cibuildwheel, as pyproject.toml configures it, would build the wheels that a release has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytest.importorskip("cibuildwheel")

PYTHONS = ("cp310", "cp311", "cp312", "cp313", "cp314", "cp314t")


@pytest.mark.parametrize(
    ("platform", "machine", "tags"),
    [
        ("linux", "x86_64", ("manylinux_x86_64", "musllinux_x86_64")),
        ("linux", "aarch64", ("manylinux_aarch64", "musllinux_aarch64")),
        ("macos", "x86_64", ("macosx_x86_64",)),
        ("macos", "arm64", ("macosx_arm64",)),
        ("windows", "AMD64", ("win_amd64",)),
    ],
)
def test_what_is_built(platform, machine, tags):
    command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers", "--platform", platform]
    done = subprocess.run([*command, "--archs", machine, ROOT], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [f"{python}-{tag}" for tag in tags for python in PYTHONS], done.stderr


def test_the_wheel_itself_is_looked_at_on_linux():
    """tests/test_wheel.py is skipped unless it knows the wheel."""
    tomllib = pytest.importorskip("tomllib")
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["cibuildwheel"]
    assert config["linux"]["test-command"] == "ZMQBIND_WHEEL={wheel} " + config["test-command"]
