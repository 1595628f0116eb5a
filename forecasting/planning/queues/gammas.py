"""Scaled incomplete gamma functions: what the Erlang formulas are made of, without overflow or cancellation.

All are ratios in which factorials and exponentials have been divided out, so that 20,000 agents are as safe as two. Two
methods meet: the regularised functions of scipy around the middle of the distribution, and continued fractions of
positive terms in its tails, where the regularised functions underflow and differences cancel.
"""

import numpy as np
from scipy import special

from forecasting.numerics import Floats64, log_poisson

DEPTH = 24
"""Levels of the continued fractions; with TAIL and SMALL it leaves errors below 1e-13."""
TAIL = 4.0
"""Standard deviations from the middle beyond which continued fractions are used."""
SMALL = 4.0
"""Arguments below this are left to the continued fraction too: it is then exact anywhere."""


def log_inverse_blocking(servers: Floats64, load: Floats64) -> Floats64:
    """Logarithm of 1 / B(servers, load), B the Erlang loss formula, for servers >= 0 and load > 0.

    1 / B is the sum of Poisson probabilities up to `servers` over the last one (Jagerman, 1974).
    """
    n = servers + 1
    found = np.empty_like(load)
    tail = load > n + TAIL * np.sqrt(n)
    middle = ~tail
    found[middle] = np.log(special.gammaincc(n[middle], load[middle])) - log_poisson(servers[middle], load[middle])
    if tail.any():
        n, x = n[tail], load[tail]
        rest = np.zeros_like(x)
        # Legendre's continued fraction; it ends by itself at j = n
        for j in range(DEPTH, 0, -1):
            rest = j * np.maximum(n - j, 0.0) / (x + 2 * j + 1 - n + rest)
        found[tail] = np.log(x / (x + 1 - n + rest))
    return found


def impatient(agents: Floats64, load: Floats64, impatience: Floats64) -> tuple[Floats64, Floats64, Floats64]:
    """What waiting looks like to those who wait in M/M/n+M.

    All arguments (N,): agents >= 1; load > 0; impatience >= 0, mean handle time over mean patience; where it is 0,
    agents must exceed load. With J the integral of
    exp(load (1 - exp(-impatience x)) / impatience - agents x) over x > 0 (Baccelli and Hebuterne, 1981; Zeltyn and
    Mandelbaum, 2005), in units of the mean handle time, returns
    - log J;
    - the mean wait of those who wait, in mean handle times; times impatience: the share of them who give up;
    - log P(a, z), the regularised lower gamma function with a = agents / impatience, z = load / impatience, where the
      middle of the distribution was used, else NaN.
    """
    z = load / np.maximum(impatience, 1e-300)
    spare = agents - load
    tail = (spare > TAIL * np.sqrt(load * impatience)) | (z < SMALL)
    log_j, wait, log_p = np.empty_like(load), np.empty_like(load), np.full_like(load, np.nan)
    if tail.any():
        wait[tail] = _tail_wait(spare[tail], load[tail], impatience[tail])
        log_j[tail] = -np.log(spare[tail] + load[tail] * impatience[tail] * wait[tail])
    middle = ~tail
    if middle.any():
        a, z, n = agents[middle] / impatience[middle], z[middle], agents[middle]
        log_p[middle] = np.log(special.gammainc(a, z))
        log_j[middle] = log_p[middle] - log_poisson(a, z) - np.log(n)
        wait[middle] = (np.exp(-log_j[middle]) - spare[middle]) / (load[middle] * impatience[middle])
    return log_j, wait, log_p


def _tail_wait(spare: Floats64, load: Floats64, impatience: Floats64) -> Floats64:
    """Mean wait of those who wait, in mean handle times, by a continued fraction of positive terms.

    With I_m the integral of (1 - y)^m y^(a-1) exp(z (1 - y)) over 0 < y < 1, by parts
    (a - z + m) I_m = m I_(m-1) - z I_(m+1); I_1 / I_0 is the share of those who wait that give up.
    """
    step = spare + (DEPTH + 1) * impatience
    ratio = 2 * (DEPTH + 1) * impatience / (step + np.sqrt(step**2 + 4 * load * (DEPTH + 1) * impatience))
    for m in range(DEPTH, 1, -1):
        ratio = m * impatience / (spare + m * impatience + load * ratio)
    tail: Floats64 = 1 / (spare + impatience + load * ratio)
    return tail
