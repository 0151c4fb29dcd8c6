"""One HTML page that needs nothing else: sections of pictures and tables, light and dark, narrow and wide.

Nothing here knows what is measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --grid: #d8dee4; --ground: #ffffff;
  --card: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa4af; --grid: #343b44; --ground: #0d1117; --card: #161b22; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
p { margin: 0.25rem 0; max-width: 48rem; }
.lead { color: var(--soft); }
.warning { border-left: 0.25rem solid #d55e00; padding-left: 0.75rem; }
.pictures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
figure { margin: 0; padding: 0.75rem; background: var(--card); border-radius: 0.5rem; max-width: 48rem; }
figure svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.75rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--soft); font-weight: 600; }
.prose td { text-align: left; white-space: normal; }
"""


@dataclass(frozen=True)
class Section:
    """A heading with pictures (SVG) or a table below it. prose: the cells are text, not numbers."""

    heading: str
    pictures: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    prose: bool = False


def page(title: str, lead: str, sections: Iterable[Section], warning: str = "") -> str:
    """The page as text. Everything but the pictures is escaped."""
    body = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(lead)}</p>']
    if warning:
        body.append(f'<p class="warning">{escape(warning)}</p>')
    for section in sections:
        body.append(f"<section>\n<h2>{escape(section.heading)}</h2>")
        if section.pictures:
            figures = "".join(f"<figure>{picture}</figure>\n" for picture in section.pictures)
            body.append(f'<div class="pictures">\n{figures}</div>')
        if section.rows:
            body.append(table(section))
        body.append("</section>")
    content = "\n".join(body)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{content}\n</body>\n</html>\n"
    )


def table(section: Section) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in section.columns)
    rows = "\n".join(
        "<tr>"
        + "".join(
            f"<td>{escape(cell)}</td>" if number else f'<th scope="row">{escape(cell)}</th>'
            for number, cell in enumerate(row)
        )
        + "</tr>"
        for row in section.rows
    )
    thead = f"<thead><tr>{head}</tr></thead>\n" if section.columns else ""
    kind = ' class="prose"' if section.prose else ""
    return f'<div class="scroll"><table{kind}>\n{thead}<tbody>\n{rows}\n</tbody></table></div>'
