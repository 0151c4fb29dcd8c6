"""The scripts that make and try packages, where they can be tried without making one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for bash")


def run(*command, **environment):
    command = [str(word) for word in command]
    environment = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=50)


def test_a_new_wheel_replaces_its_predecessors_only(tmp_path):
    dist = tmp_path / "dist"
    dist.mkdir()
    old = ["2.0-cp311-cp311-manylinux_2_17_x86_64", "2.0-cp313-cp313t-linux_x86_64", "1.0-cp310-cp310-linux_x86_64"]
    for name in old:
        (dist / f"zmqbind-{name}.whl").touch()
    new = [f"zmqbind-2.0-{tag}-manylinux_2_35_x86_64.whl" for tag in ("cp311-cp311", "cp313-cp313")]
    for name in new:
        (tmp_path / name).touch()
    done = run("tools/into-dist.sh", dist, *(tmp_path / name for name in new))
    assert done.returncode == 0, done.stderr
    assert {file.name for file in dist.iterdir()} == {*new, f"zmqbind-{old[1]}.whl"}


def test_no_wheel_for_another_release_is_said_at_once():
    done = run("tools/try-elsewhere.sh", sys.executable, "trixie", "3.99")
    assert (done.returncode, done.stdout) == (1, "")
    assert "dist has no wheel for Debian trixie's Python 3.99 (cp399)" in done.stderr


def test_wheel_platform_of_another_form():
    done = run("tools/zig-toolchain.sh", sys.executable, "musllinux_1_2")
    assert done.returncode == 1
    assert done.stderr == "WHEEL_PLATFORM should be like manylinux_2_17 or manylinux_2_17_aarch64, not musllinux_1_2\n"
