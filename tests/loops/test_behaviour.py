"""The shared behaviours, on every loop that there is an adapter for."""

from __future__ import annotations

import pytest
from loops.behaviour import BEHAVIOURS
from loops.stage import PATIENCE, Stage, adapters, make_adapter


async def bounded(function, stage):
    try:
        async with stage.adapter.timeout(PATIENCE):
            await function(stage)
    finally:
        stage.close_sockets()


@pytest.mark.parametrize("function", [pytest.param(function, id=function.__name__) for function in BEHAVIOURS])
@pytest.mark.parametrize("adapter_class", adapters())
def test_behaviour(adapter_class, function, tmp_path):
    adapter = make_adapter(adapter_class)
    lacking = function.needs & adapter.lacks
    if lacking:
        pytest.skip(f"{adapter.name} has no {', '.join(sorted(lacking))}")
    stage = Stage(adapter, tmp_path)
    try:
        adapter.run(bounded, function, stage)
    finally:
        stage.close()
