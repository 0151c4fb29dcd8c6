"""Numbers as people read them."""

from __future__ import annotations

FACTORS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
NOTHING = "-"


def scaled(value: float | None) -> str:
    """Three digits and a letter: 4310000 -> "4.31 M"."""
    if value is None:
        return NOTHING
    factor, letter = next((pair for pair in FACTORS if value >= pair[0]), FACTORS[-1])
    return f"{digits(value / factor)} {letter}".rstrip()


def digits(value: float | None) -> str:
    """At least three digits: 0.1234 -> "0.123", 12.34 -> "12.3"."""
    if value is None:
        return NOTHING
    return f"{value:.{3 if value < 0.9995 else 2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def size_text(size: float) -> str:
    """1000 -> "1 kB"."""
    factor, letter = next((pair for pair in FACTORS if size >= pair[0]), FACTORS[-1])
    return f"{size / factor:g} {letter}B"


def tick(value: float, _position: object = None) -> str:
    """2000000 -> "2 M", for the axes of plots."""
    factor, letter = next((pair for pair in FACTORS if value >= pair[0]), FACTORS[-1])
    return f"{value / factor:g} {letter}".rstrip()
