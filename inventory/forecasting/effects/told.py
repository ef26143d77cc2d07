"""What is told of an effect that was looked for: its figure, and whether forecasts reckon with it."""

from __future__ import annotations

from dataclasses import dataclass

#: Weeks between origins of an examination, weeks it looks ahead, and the weeks it looks back over.
STEP, AHEAD, OVER = 4, 4, 52
#: Weeks that the level of an examination is a mean of.
LEVEL = 8


@dataclass(frozen=True, slots=True)
class EffectTold:
    """One effect, standing or not.

    `effect`: its word; `figure`: what was found, in the effect's own unit; `seen`: how many cases
    taught it; `gain`: share of the error without it that it saved in the examination; `reason`:
    tested, untested, lost, or unlikely: more than any such effect can be.
    """

    effect: str
    figure: float
    seen: int
    stands: bool
    reason: str
    gain: float = 0.0


def verdict(effect: str, figure: float, seen: int, plain: float, better: float, tested: bool) -> EffectTold:
    """What an examination says: `plain` and `better` are the errors without and with the effect.

    An effect stands unless it did harm; one that could not be examined stands by what is known of it.
    """
    if not tested:
        return EffectTold(effect, figure, seen, True, "untested")
    gain = (plain - better) / plain if plain > 0 else (0.0 if better <= 0 else -1.0)
    return EffectTold(effect, figure, seen, gain >= 0, "tested" if gain >= 0 else "lost", gain)
