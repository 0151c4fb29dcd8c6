"""Draw docs/diagrams/*.svg from the texts beside them: `python tools/diagrams.py`; with --check, only compare.

A line of a text is one of these; columns and rows count from 0 and may be fractions, quotes are those of a shell:

    box NAME COLUMN ROW LINE...       a box with lines of text, the first one bold
    memory NAME COLUMN ROW LINE...    the same for what is not a program's part but a buffer or a queue
    arrow FROM TO [LABEL [SHIFT]]     from one box to another; SHIFT moves it sideways, in pixels
    lost FROM TO [LABEL [SHIFT]]      the same, dashed
    note COLUMN ROW LINE              text by itself, centred there

The pictures bring their own background, so that they can be read on a page of either colour.
"""

from __future__ import annotations

import math
import pathlib
import shlex
import sys
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "diagrams"

COLUMN, ROW, MARGIN = 268, 92, 20
BOX_WIDTH, LINE_HEIGHT, PADDING = 176, 18, 12
GAP = 5  # between the head of an arrow and the box

STYLE = """
  .ground { fill: #f6f8fb; } .halo { stroke: #f6f8fb; stroke-width: 6px; stroke-linejoin: round; paint-order: stroke; }
  text { font: 13px system-ui, sans-serif; fill: #1f2733; text-anchor: middle; } .name { font-weight: 600; }
  .box { fill: #dce9fb; stroke: #3d7ac7; } .memory { fill: #fdeccb; stroke: #b98420; }
  .arrow { stroke: #5a6675; stroke-width: 1.6px; fill: none; } .lost { stroke-dasharray: 5 4; } .head { fill: #5a6675; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #1b2027; } .halo { stroke: #1b2027; } text { fill: #e3e8ef; }
    .box { fill: #1f3a5c; stroke: #6ea8ee; } .memory { fill: #4a3a17; stroke: #d9a441; }
    .arrow { stroke: #9aa7b6; } .head { fill: #9aa7b6; }
  }
"""


class Drawing:
    """The elements of one picture, and how far they reach."""

    def __init__(self):
        self.boxes = {}
        self.shapes, self.labels = [], []
        self.width = self.height = 0.0

    def box(self, name, column, row, *lines, kind="box"):
        height = len(lines) * LINE_HEIGHT + 2 * PADDING
        left, middle = MARGIN + float(column) * COLUMN, MARGIN + (float(row) + 0.5) * ROW
        self.boxes[name] = (left + BOX_WIDTH / 2, middle, BOX_WIDTH / 2, height / 2)
        self.reach(left + BOX_WIDTH, middle + height / 2)
        self.shapes.append(
            f'<rect class="{kind}" x="{left:g}" y="{middle - height / 2:g}" '
            f'width="{BOX_WIDTH}" height="{height:g}" rx="7"/>'
        )
        for number, line in enumerate(lines):
            baseline = middle - height / 2 + PADDING + (number + 0.75) * LINE_HEIGHT
            style = ' class="name"' if number == 0 else ""
            self.text(left + BOX_WIDTH / 2, baseline, line, style)

    def memory(self, name, *rest):
        self.box(name, *rest, kind="memory")

    def arrow(self, start, end, label="", shift="0", kind="arrow"):
        (x1, y1, *half1), (x2, y2, *half2) = self.boxes[start], self.boxes[end]
        length = math.hypot(x2 - x1, y2 - y1)
        dx, dy = (x2 - x1) / length, (y2 - y1) / length
        sideways = float(shift)
        x1, y1, x2, y2 = x1 - dy * sideways, y1 + dx * sideways, x2 - dy * sideways, y2 + dx * sideways
        out, into = (min(half[0] / abs(dx or 1e-9), half[1] / abs(dy or 1e-9)) for half in (half1, half2))
        x1, y1 = x1 + dx * out, y1 + dy * out
        x2, y2 = x2 - dx * (into + GAP), y2 - dy * (into + GAP)
        self.shapes.append(f'<path class="{kind}" d="M{x1:.1f} {y1:.1f}L{x2 - dx * 6:.1f} {y2 - dy * 6:.1f}"/>')
        corners = [(x2, y2)] + [(x2 - dx * 10 - dy * side, y2 - dy * 10 + dx * side) for side in (4.5, -4.5)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        self.shapes.append(f'<polygon class="head" points="{points}"/>')
        if label:
            self.text((x1 + x2) / 2, (y1 + y2) / 2 + 4, label, ' class="halo"')

    def lost(self, *rest):
        self.arrow(*rest, kind="arrow lost")

    def note(self, column, row, line):
        x, y = MARGIN + float(column) * COLUMN + BOX_WIDTH / 2, MARGIN + (float(row) + 0.5) * ROW + 4
        self.reach(x, y)
        self.text(x, y, line, "")

    def text(self, x, y, line, style):
        self.labels.append(f'<text{style} x="{x:.1f}" y="{y:.1f}">{escape(line)}</text>')

    def reach(self, x, y):
        self.width, self.height = max(self.width, x + MARGIN), max(self.height, y + MARGIN)

    def svg(self):
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}"'
        ground = f'<rect class="ground" width="{self.width:g}" height="{self.height:g}" rx="10"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>'
        return "\n".join([head, ground, *self.shapes, *self.labels, "</svg>\n"])


def draw(text):
    drawing = Drawing()
    for line in text.splitlines():
        match shlex.split(line, comments=True):
            case ["box" | "memory" | "arrow" | "lost" | "note" as element, *rest]:
                getattr(drawing, element)(*rest)
            case []:
                pass
            case _:
                raise SystemExit(f"neither box, memory, arrow, lost nor note: {line}")
    return drawing.svg()


def main(check):
    stale = []
    for source in sorted(HERE.glob("*.txt")):
        picture = source.with_suffix(".svg")
        drawn = draw(source.read_text())
        if not picture.exists() or picture.read_text() != drawn:
            stale.append(picture.name)
            if not check:
                picture.write_text(drawn)
    if check and stale:
        raise SystemExit(f"not what their texts say: {', '.join(stale)}; run `python tools/diagrams.py`")


if __name__ == "__main__":
    main(check="--check" in sys.argv[1:])
