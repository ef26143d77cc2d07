"""Which method each pattern gets: the best of the back-test, and never one that loses to a referee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inventory.contracts.arrays import Floats, Ints
from inventory.forecasting.backtest import (
    WIDENINGS,
    BacktestScore,
    Examination,
    pattern_name,
    score,
)
from inventory.forecasting.methods import (
    BEGUN,
    BOOSTED_MIXTURE,
    ENTRANTS,
    METHODS,
    MIXTURE,
    NAIVE,
    REFEREES,
    SILENCE,
    Method,
)
from inventory.forecasting.patterns import PATTERNS, Pattern
from inventory.forecasting.season import BASE_WEEKS, YEAR

#: Scored rows below which a pattern takes the method that won over all patterns.
ENOUGH_ROWS = 20
#: A mixture (with trees, where they could learn) stands, and of what is new what followed its first order,
#: unless another method's score is lower by more than this share: the best of many on a few origins owes part
#: of its lead to luck.
CLEARLY = 0.02
#: What the interval should cover, and how much pinball loss may be given for covering it.
COVERAGE, NEARLY = 0.8, 1.01
_SILENT, _NEW = PATTERNS.index(Pattern.SILENT), PATTERNS.index(Pattern.NEW)
_NAIVE = METHODS.index(NAIVE)


@dataclass(frozen=True, slots=True)
class Choice:
    """`method`: number in `ENTRANTS`; `widening` of the spread; `lost`: name of the method that
    would have stood but lost to naive, empty when none did.
    """

    method: int
    widening: float = 1.0
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """One choice per pattern (in the order of `PATTERNS`) and every score behind them."""

    per_pattern: tuple[Choice, ...]
    scores: tuple[BacktestScore, ...]


def unproven() -> Choices:
    """Choices without an examination: recent mean, what usually follows when new, nothing when silent."""
    default = {_SILENT: SILENCE, _NEW: BEGUN}
    methods = [default.get(code, MIXTURE) for code in range(len(PATTERNS))]
    return Choices(tuple(Choice(METHODS.index(method)) for method in methods), ())


def choose(exam: Examination, ahead: Sequence[Floats]) -> Choices:
    """The choices that an examination leads to; `ahead` holds (rows, weeks) per entrant, in order.

    A method stands for a pattern when neither its RMSSE nor its pinball loss there is worse than
    naive's, no other referee is better in both, and its score against naive is the lowest of those (the
    mixture unless another is clearly lower); otherwise naive stands. Better in both, since expecting nothing
    at all has the lower squared error wherever most weeks sell nothing, and loses every sale.
    """
    overall, scores = _contest(exam, ahead, None, _candidates(exam, None, len(ahead)))
    choices = []
    for code in range(len(PATTERNS)):
        candidates = _candidates(exam, code, len(ahead))
        rows = exam.rows_of(code)
        if rows.size < ENOUGH_ROWS:
            default = {_SILENT: METHODS.index(SILENCE), _NEW: METHODS.index(BEGUN)}
            candidates = [default.get(code, overall.method), _NAIVE]
        if rows.size == 0:
            choices.append(replace(overall, method=candidates[0], lost=""))
            continue
        choice, table = _contest(exam, ahead, code, candidates)
        choices.append(choice)
        scores += table
    return Choices(tuple(choices), (*scores, *_together(exam, ahead, choices)))


def _candidates(exam: Examination, code: int | None, entrants: int) -> list[int]:
    """Numbers of the methods that may compete, preferred ones first.

    Nothing at all is a forecast only for what has been silent for long; a season that the
    examination was too early to see is not used.
    """
    numbers = [n for n in _known(exam, entrants) if ENTRANTS[n] is not SILENCE]
    return [METHODS.index(SILENCE), *numbers] if code == _SILENT else numbers


def _referees(exam: Examination, entrants: int) -> list[int]:
    return [n for n in _known(exam, entrants) if ENTRANTS[n].name in REFEREES]


def _known(exam: Examination, entrants: int) -> list[int]:
    """Numbers of the methods that the examination was late enough for."""
    seasons_seen = min(exam.origins) >= YEAR + BASE_WEEKS
    return [n for n, one in enumerate(ENTRANTS[:entrants]) if seasons_seen or not one.season_power]


def _contest(
    exam: Examination, ahead: Sequence[Floats], code: int | None, candidates: list[int]
) -> tuple[Choice, list[BacktestScore]]:
    rows = exam.rows_of(code)
    table = {n: _score(exam, ahead[n], rows, code, ENTRANTS[n]) for n in candidates}
    naive = table[_NAIVE]
    referees = _referees(exam, len(ahead))
    for n in referees:  # they are told of everywhere, whether they may stand or not
        if n not in table:
            table[n] = _score(exam, ahead[n], rows, code, ENTRANTS[n])
    standing = [
        n
        for n in candidates
        if _stands(table[n], naive) and not any(_beats(table[one], table[n]) for one in referees)
    ] or [_NAIVE]
    best = _favoured(standing, {n: table[n].against(naive) for n in standing}, code)
    favourite = min(candidates, key=lambda n: table[n].against(naive))
    lost = ENTRANTS[favourite].name if best == _NAIVE and favourite != _NAIVE else ""
    widening, table[best] = _fit_width(exam, ahead[best], rows, table[best])
    naive_widening, table[_NAIVE] = _fit_width(exam, ahead[_NAIVE], rows, naive)
    if not _stands(table[best], table[_NAIVE]):
        lost, best, widening = ENTRANTS[best].name, _NAIVE, naive_widening
    table[best] = replace(table[best], chosen=True)
    return Choice(best, widening, lost), list(table.values())


def _favoured(standing: list[int], figures: dict[int, float], code: int | None) -> int:
    best = min(standing, key=figures.__getitem__)
    favourites = (BEGUN,) if code == _NEW else (BOOSTED_MIXTURE, MIXTURE)
    for favoured in map(ENTRANTS.index, favourites):
        if favoured in figures and figures[favoured] <= figures[best] * (1.0 + CLEARLY):
            return favoured
    return best


def _stands(one: BacktestScore, naive: BacktestScore) -> bool:
    return one.rmsse <= naive.rmsse and one.pinball <= naive.pinball


def _beats(one: BacktestScore, other: BacktestScore) -> bool:
    return one.rmsse < other.rmsse and one.pinball < other.pinball


def _score(exam: Examination, ahead: Floats, rows: Ints, code: int | None, method: Method) -> BacktestScore:
    return score(exam, ahead, rows, pattern=pattern_name(code), method=method.name)


def _fit_width(
    exam: Examination, ahead: Floats, rows: Ints, at_one: BacktestScore
) -> tuple[float, BacktestScore]:
    """Of the widenings with nearly the least pinball loss, the one that covers most nearly 80 %."""
    trials = {1.0: at_one}
    for widening in sorted(WIDENINGS, key=lambda w: abs(np.log(w))):
        if widening != 1.0:
            trials[widening] = score(
                exam, ahead, rows, pattern=at_one.pattern, method=at_one.method, widening=widening
            )
    enough = min(trial.pinball for trial in trials.values()) * NEARLY
    near = [widening for widening, trial in trials.items() if trial.pinball <= enough]
    best = min(near, key=lambda widening: abs(trials[widening].coverage80 - COVERAGE))
    return best, trials[best]


def mixed(exam: Examination, ahead: Sequence[Floats], choices: Sequence[Choice]) -> tuple[Floats, Floats]:
    """(rows, weeks) of each row's chosen method, and its (rows,) widening."""
    method = np.array([choice.method for choice in choices])[exam.code]
    widening = np.array([choice.widening for choice in choices])[exam.code]
    found = np.zeros_like(ahead[0])
    for number in np.unique(method):
        found[method == number] = ahead[number][method == number]
    return found, widening


def _together(exam: Examination, ahead: Sequence[Floats], choices: list[Choice]) -> list[BacktestScore]:
    """The score of all patterns, each with its own choice."""
    means, widening = mixed(exam, ahead, choices)
    told = score(exam, means, exam.rows_of(None), pattern="all", method="chosen", widening=widening)
    return [replace(told, chosen=True)]
