"""How the build says that it cannot go on."""

import sys


def stop(problem, reasons=(), *advice):
    """End the build with plain lines instead of a traceback."""
    sys.exit(message(problem, reasons, *advice))


def message(problem, reasons=(), *advice):
    """The lines."""
    return "\n".join(["", problem, *(f"  {reason}" for reason in reasons), *advice, ""])
