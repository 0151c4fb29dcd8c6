"""Statistics of samples."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import quantiles

import numpy

RESAMPLES = 4000
CONFIDENCE = 0.99


def quartiles(values):
    """The first quartile, the median and the third quartile, by name."""
    three = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return dict(zip(("q1", "median", "q3"), three, strict=True))


def ratio_interval(old, new):
    """The interval in which the ratio of the medians, new by old, lies with 99 % confidence, by bootstrap.

    The same samples give the same interval.
    """
    random = numpy.random.default_rng(0)

    def medians(values):
        return numpy.median(random.choice(values, (RESAMPLES, len(values))), axis=1)

    ratios = medians(new) / medians(old)
    low, high = numpy.quantile(ratios, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return float(low), float(high)


@dataclass(frozen=True)
class Fit:
    """cost = fixed + per_unit * x; error: the root of the mean of the squared relative errors."""

    fixed: float
    per_unit: float
    error: float

    @property
    def knee(self):
        """Where the fixed part and the growing part are equal; None where nothing grows or nothing is fixed."""
        return self.fixed / self.per_unit if self.per_unit > 0 and self.fixed > 0 else None


def fit(xs, costs):
    """Fit by least squares of the relative errors, so that no point decides because it is large.

    Neither part may be negative: a cost that falls is a fixed one, and one that is less than nothing at 0 has no fixed
    part.
    """
    x, y = numpy.asarray(xs, float), numpy.asarray(costs, float)
    best = None
    for with_fixed, with_growing in ((1, 1), (1, 0), (0, 1)):
        weighted = numpy.column_stack((with_fixed / y, with_growing * x / y))
        fixed, per_unit = numpy.linalg.lstsq(weighted, numpy.ones_like(y), rcond=None)[0]
        error = float(numpy.sqrt(numpy.mean((weighted @ (fixed, per_unit) - 1) ** 2)))
        if min(fixed, per_unit) >= 0 and (best is None or error < best.error):
            best = Fit(float(fixed), float(per_unit), error)
    return best
