"""A table on the terminal: rich's where that is installed, else plain columns."""

from __future__ import annotations


def print_table(headings, rows):
    texts = [[str(cell) for cell in row] for row in rows]
    numeric = [all(isinstance(row[i], int) for row in rows) for i in range(len(headings))]
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        widths = [max(map(len, column)) for column in zip(headings, *texts, strict=True)]
        for row in [headings, *texts]:
            cells = zip(row, widths, numeric, strict=True)
            print("  ".join(cell.rjust(w) if right else cell.ljust(w) for cell, w, right in cells).rstrip())
        return
    table = Table()
    for heading, right in zip(headings, numeric, strict=True):
        table.add_column(heading, justify="right" if right else "left")
    for row in texts:
        table.add_row(*row)
    Console().print(table)
