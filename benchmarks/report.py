"""`python -m benchmarks report`: the plots as PNG and SVG, and one page with everything."""

from __future__ import annotations

import base64
import io

from . import curves, page, plots, theme

PAGE = "report.html"


def write_page(results, path):
    """Write the page."""
    pictures = []
    for plot in plots.plots(results):
        light, dark = (data_url(drawn(plot, look)) for look in (theme.LIGHT, theme.DARK))
        pictures.append({"title": plot.title, "light": light, "dark": dark})
    path.write_text(page.render(results, pictures, curves.curves(results)))


def write(results, output):
    """Write all files, and return their names."""
    output.mkdir(parents=True, exist_ok=True)
    write_page(results, output / PAGE)
    names = [PAGE]
    for plot in plots.plots(results):
        for suffix in (".png", ".svg"):
            plots.save(plot, output / (plot.name + suffix))
            names.append(plot.name + suffix)
    return names


def drawn(plot, look):
    """The plot as SVG."""
    stream = io.BytesIO()
    plots.save(plot, stream, look)
    return stream.getvalue()


def data_url(svg):
    """The picture itself as an address, so that the page needs no other file."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
