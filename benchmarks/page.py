"""The page with all plots and tables."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import tables
from .cases import OURS
from .libraries import LABELS

HERE = Path(__file__).parent


def render(results, pictures, curves):
    """One HTML page that needs no other file."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html").render(
        results=results.document,
        labels=LABELS,
        pictures=pictures,
        tables=[cells(table) for table in tables.tables(results)],
        curves=curves,
        ours=OURS,
    )


def cells(table):
    """What is in a table: its title, its header, and rows of pairs of text and whether a target was missed."""
    columns = [[str(cell) for cell in column.cells] for column in table.columns]
    rows = [[(cell.rstrip("!"), cell.endswith("!")) for cell in row] for row in zip(*columns, strict=True)]
    return {"title": table.title, "header": [str(column.header) for column in table.columns], "rows": rows}
