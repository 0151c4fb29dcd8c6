"""Skips the tests of this directory where calls cannot be made to fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.harness import FAULTS

from zmqbind import _core


def pytest_collection_modifyitems(items):
    if hasattr(_core, "_faults_arm"):
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="needs the build for fault injection: make faults"))


@pytest.fixture(params=FAULTS, ids=str)
def fault(request):
    """Each way in which calls are made to fail."""
    return request.param
