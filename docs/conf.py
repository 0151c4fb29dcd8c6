"""Sphinx: the pages of docs/ and the reference, taken from the docstrings of the compiled package. `make docs`."""

from __future__ import annotations

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import zmqbind  # noqa: E402

project = "zmqbind"
author = "zmqbind contributors"
copyright = f"2026, {author}"
version = release = zmqbind.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 4
default_role = "py:obj"  # docstrings write `name` as Markdown does; what is no known name is shown as code

html_theme = "furo"
html_title = f"zmqbind {release}"
html_static_path = ["_static"]
html_css_files = ["zmqbind.css"]
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"

autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # the docstrings say it, and most of it is compiled
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True

# Docstrings describe a parameter as "name: type, what it is.", one after another; a list is what that reads best as.
PARAMETER = re.compile(r"(?:^|(?<=\. ))(\*{0,2}[a-z]\w*(?:, \*{0,2}[a-z]\w*)*): (?=\S)")
RESULT = re.compile(r"(?<=\. )(?=(?:Returns|Raises) )")


def laid_out(paragraph):
    """The paragraphs to show for one of a docstring."""
    text = " ".join(line.strip() for line in paragraph)
    if not PARAMETER.match(text):
        return [text]
    description, *results = RESULT.split(text)
    pieces = PARAMETER.split(description)[1:]
    names, descriptions = pieces[::2], pieces[1::2]
    parameters = zip(names, descriptions, strict=True)
    return ["\n".join(f"- **{name.replace('*', '')}**: {told.strip()}" for name, told in parameters), *results]


def show_program(lines):
    """Make code of the program in a module's docstring: from its imports or first name to the next sentence."""
    program = False
    for number, line in enumerate(lines):
        if not program and re.match(r"(import|from) \w|\w+ = ", line):
            program = True
            lines[number] = f".. code-block:: python\n\n    {line}"
        elif program and re.match(r"`|[A-Z]\w* ", line):
            program = False
        elif program:
            lines[number] = f"    {line}"
    lines[:] = "\n".join(lines).splitlines()


def lay_out(app, what, name, obj, options, lines):
    """Turn the parameters of a docstring into a list; leave those alone that have lists, tables or code."""
    if what == "module":
        show_program(lines)
        return
    if what == "data" or any(line[:1] in (" ", "-", "|", "*", ">") for line in lines):
        return
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip())
    shown = [piece for paragraph in paragraphs for piece in laid_out(paragraph.splitlines())]
    lines[:] = "\n\n".join(shown).splitlines()
    lines.append("")


def skip_options(app, what, name, obj, skip, options):
    """Options have a page of their own, made from the same table as the attributes."""
    return True if type(obj).__name__.endswith("Option") and type(obj).__module__ == "zmqbind._core" else None


def setup(app):
    app.connect("autodoc-process-docstring", lay_out)
    app.connect("autodoc-skip-member", skip_options)
