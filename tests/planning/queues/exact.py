"""The queue M/M/n+M for one interval at a time in decimal arithmetic: slow, plain, and right to 40 digits.

Written from the definitions: the Erlang loss recursion, and the integral of the offered wait's density as a series of
positive terms. Nothing is shared with the code under test but the rule for ties.
"""

from decimal import Decimal, localcontext
from math import inf

TIE = Decimal("1e-10")
DIGITS = 60
"""Of which 40 remain after the differences below."""


def served(load: float, agents: int, *, handle: float, within: float, patience: float = inf) -> Decimal:
    """Share of all offered calls answered within the threshold; load > 0, agents >= 1."""
    return 1 - _missed(load, agents, handle, within, patience)[0]


def agents_needed(
    load: float, *, handle: float, within: float, share: float, patience: float = inf, max_occupancy: float = 1.0
) -> int:
    """Fewest agents by doubling and halving."""

    def enough(agents: int) -> bool:
        missed, abandoned = _missed(load, agents, handle, within, patience)
        busy = Decimal(load) * (1 - abandoned) / agents
        return missed <= (1 - Decimal(share)) * (1 + TIE) and busy <= Decimal(max_occupancy) * (1 + TIE)

    if load == 0:
        return 0
    low, high = 0, 1
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _missed(load: float, agents: int, handle: float, within: float, patience: float) -> tuple[Decimal, Decimal]:
    """Share not answered within the threshold, and share that gives up."""
    with localcontext() as context:
        context.prec = DIGITS
        x, window = Decimal(load), Decimal(within) / Decimal(handle)
        if patience == inf and agents <= x:
            return Decimal(1), Decimal(0)
        blocked = Decimal(1)
        for n in range(1, agents):
            blocked = x * blocked / (n + x * blocked)
        free = 1 / blocked
        if patience == inf:
            waiting = x / (agents - x)
            return waiting / (free + waiting) * ((x - agents) * window).exp(), Decimal(0)
        if patience == 0:
            return x / (agents * free + x), x / (agents * free + x)
        impatience = Decimal(handle) / Decimal(patience)
        a, z, aged = agents / impatience, x / impatience, impatience * window
        later = z * (-aged).exp()
        # integrals of exp(z (1 - e^-u) - a u) over u > 0, of the same times e^-u, and of that over u > aged
        all_, stay, stay_later = _integral(a, z), _integral(a + 1, z), _integral(a + 1, later)
        stay_later *= (z - later - (a + 1) * aged).exp()
        total = free + z * all_
        return 1 - (free + z * (stay - stay_later)) / total, z * (all_ - stay) / total


def _integral(a: Decimal, z: Decimal) -> Decimal:
    """Sum of z^k / (a (a + 1) ... (a + k)), the lower incomplete gamma function times e^z / z^a."""
    term = total = 1 / a
    least, k = Decimal(10) ** -DIGITS, a
    while term > total * least:
        k += 1
        term *= z / k
        total += term
    return total
