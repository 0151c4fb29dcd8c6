"""Quantities as text."""

from __future__ import annotations

UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))
TIME_UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
BYTE_UNITS = ((1e6, "MB"), (1e3, "KB"), (1, "B"))
NOTHING = "-"


def digits(number):
    """Three digits: 1.23, 12.3, 123."""
    return f"{number:.{2 if number < 9.995 else 1 if number < 99.95 else 0}f}"


def plain(number):
    """Three digits, none of them lost below 1: 0.0123, 12.3, 1,230."""
    return f"{number:.3g}" if number < 999.5 else f"{number:,.0f}"


def scaled(value, units):
    """A number with three digits in the largest of the units that leaves at least 1 of it."""
    if value is None:
        return NOTHING
    factor, unit = next((pair for pair in units if value >= pair[0]), units[-1])
    return f"{digits(value / factor)} {unit}".rstrip()


def rate(value):
    """Messages per second."""
    return scaled(value, UNITS)


def cost(value, unit):
    """Seconds or bytes."""
    return scaled(value, TIME_UNITS if unit == "s" else BYTE_UNITS)


def spread(share):
    """0.123 -> "12%"."""
    return NOTHING if share is None else f"{share:.0%}"
