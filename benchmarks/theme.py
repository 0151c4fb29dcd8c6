"""How plots look, on light and on dark pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """Colours of a plot."""

    name: str
    background: str
    ink: str
    grid: str
    colours: dict[str, str]  # by library


# Colours of Okabe and Ito, which people with any colour vision can tell apart, some lighter for dark pages; the markers
# differ too.
LIGHT = Theme(
    "light",
    "#ffffff",
    "#222222",
    "#dddddd",
    {"zmqbind": "#0072B2", "pyzmq": "#D55E00", "pynng": "#009E73", "zmq-anyio": "#CC79A7", "c": "#555555"},
)
DARK = Theme(
    "dark",
    "#1b1d22",
    "#e8e8e8",
    "#3c4048",
    {"zmqbind": "#56B4E9", "pyzmq": "#E69F00", "pynng": "#2BC9A0", "zmq-anyio": "#E3A0C6", "c": "#B8B8B8"},
)

MARKERS = {"zmqbind": "o", "pyzmq": "s", "pynng": "D", "zmq-anyio": "v", "c": "^"}


def settings(theme):
    """matplotlib's settings for a theme; a plot drawn twice is the same file."""
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": theme.ink,
        "axes.facecolor": theme.background,
        "axes.labelcolor": theme.ink,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.facecolor": theme.background,
        "font.size": 10,
        "legend.frameon": False,
        "savefig.facecolor": theme.background,
        "svg.hashsalt": "zmqbind",
        "text.color": theme.ink,
        "xtick.color": theme.ink,
        "ytick.color": theme.ink,
    }
