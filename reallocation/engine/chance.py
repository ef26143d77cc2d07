"""How likely it is that what is moved will be asked for."""

from __future__ import annotations

from scipy import stats


def sold_share(moved_pieces: int, need_pieces: int, dispersion: float) -> float:
    """Expected share of `moved_pieces` that demand asks for, in 0..1.

    Demand has mean `need_pieces` and variance `dispersion` x mean: Poisson at 1, negative binomial
    above. E[min(N, q)] = q P(N >= q) + E[N; N < q], with the partial mean in closed form
    (n p(n) of a Poisson is its mean times p(n - 1); a negative binomial gains one in its shape).
    """
    if moved_pieces <= 0:
        return 1.0
    if need_pieces <= 0:
        return 0.0
    q, mean = moved_pieces, float(need_pieces)
    if dispersion <= 1.0 + 1e-9:
        at_least, below = stats.poisson.sf(q - 1, mean), stats.poisson.cdf(q - 2, mean)
    else:
        shape, chance = mean / (dispersion - 1), 1 / dispersion
        at_least = stats.nbinom.sf(q - 1, shape, chance)
        below = stats.nbinom.cdf(q - 2, shape + 1, chance)
    return float(min(max((q * at_least + mean * below) / q, 0.0), 1.0))
