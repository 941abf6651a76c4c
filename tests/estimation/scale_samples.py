"""Answers to scales made by a rule that any language can follow, and a published table.

In R, for checking (x is what `weyl` gives):

    weyl <- function(n, loads) { i <- 0:(n - 1); t <- qnorm((i + 0.5)/n)
      primes <- c(2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
      sapply(seq_along(loads), function(j) loads[j]*t
        + sqrt(1 - loads[j]^2)*qnorm(((i + 1)*sqrt(primes[j])) %% 1)) }
    graded <- function(x, cuts) apply(x, 2, findInterval, cuts)
    holes <- function(x) { i <- row(x) - 1; j <- col(x) - 1; x[(7*i + 13*j) %% 31 == 0] <- NA; x }
"""

import numpy as np
from scipy import special

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
LOADS = (0.8, 0.7, 0.6, 0.5, 0.75, 0.4)


def weyl(n, loads=LOADS):
    """(n, items): a common normal trait and an own part of each item, from Weyl sequences."""
    i = np.arange(n)
    trait = special.ndtri((i + 0.5) / n)
    own = [special.ndtri(np.modf((i + 1) * np.sqrt(prime))[0]) for prime in PRIMES[: len(loads)]]
    return np.column_stack(
        [load * trait + np.sqrt(1 - load**2) * e for load, e in zip(loads, own, strict=True)]
    )


def graded(x, cuts):
    """Categories from 0: how many of the cuts are at or under x."""
    return np.searchsorted(cuts, x, side="right").astype(float)


def binary(x, cuts):
    """0 and 1: over the cut of each item."""
    return (x >= np.asarray(cuts)).astype(float)


def holes(x):
    """The same with one answer in 31 missing."""
    i, j = np.indices(x.shape)
    return np.where((7 * i + 13 * j) % 31 == 0, np.nan, x)


def lsat6():
    """(1000, 5) the five items of the LSAT, section 6.

    Counts of the 32 patterns 00000, 00001, … 11111 as printed by Bock & Lieberman (1970,
    *Psychometrika* 35, table 1) and again by Bock & Aitkin (1981, *Psychometrika* 46) and many
    others since.
    """
    counts = [3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15,
              10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28, 298]  # fmt: skip
    patterns = [[int(bit) for bit in f"{at:05b}"] for at in range(32)]
    return np.repeat(np.array(patterns, float), counts, axis=0)
