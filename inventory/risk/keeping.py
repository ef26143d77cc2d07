"""What was learnt as plain figures and one body of arrays, and back again."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from inventory.risk.ensemble import Ensemble
from inventory.risk.predict import AS_IT_IS, Horizon, Judged, Learnt, columns

_NAMES = tuple(one.name for one in fields(Ensemble))


def figures(learnt: Learnt) -> dict[str, Any]:
    """Per horizon, by its days as text: method, reason, and how the ensemble and both rules did."""
    return {
        str(one.days): {
            "method": one.method,
            "reason": one.reason,
            "ensemble": asdict(one.judged) if one.judged else None,
            "rules": {name: asdict(rule) for name, rule in one.rules.items()},
            "righted": list(one.righted),
        }
        for one in learnt.horizons
    }


def curves(learnt: Learnt) -> dict[str, list[list[float]]]:
    """Per horizon the reliability curve: told, happened, rows of each tenth."""
    return {str(one.days): [list(point) for point in one.reliability] for one in learnt.horizons}


def packed(learnt: Learnt) -> bytes:
    """The arrays of every horizon in NumPy's own form, which holds nothing that could run."""
    body = io.BytesIO()
    arrays = {
        f"{one.days}/{name}": getattr(one.ensemble, name)
        for one in learnt.horizons
        if one.ensemble is not None
        for name in _NAMES
    }
    np.savez_compressed(body, typical=learnt.typical, **arrays)
    return body.getvalue()


def unpacked(
    level: str, history_days: int, rows: int, told: Mapping[str, Any], bars: Mapping[str, Any], body: bytes
) -> Learnt | None:
    """What `figures`, `curves` and `packed` made of it; None where positions were described otherwise
    when it was learnt, so that it says nothing of today's.
    """
    with np.load(io.BytesIO(body), allow_pickle=False) as found:
        if not _of_today(level, told, found):
            return None
        horizons = tuple(_horizon(int(days), one, bars[days], found) for days, one in told.items())
        return Learnt(level, history_days, rows, horizons, found["typical"])


def _of_today(level: str, told: Mapping[str, Any], found: Any) -> bool:
    wanted = len(columns(level))
    learnt = [days for days in told if any(name.startswith(f"{days}/") for name in found.files)]
    return all(
        all(f"{days}/{name}" in found for name in _NAMES) and found[f"{days}/centre"].size == wanted
        for days in learnt
    ) and found["typical"].size in (0, wanted)


def _horizon(days: int, told: Mapping[str, Any], bars: list[list[float]], found: Any) -> Horizon:
    there = f"{days}/{_NAMES[0]}" in found
    return Horizon(
        days=days,
        method=told["method"],
        reason=told["reason"],
        ensemble=Ensemble(**{name: found[f"{days}/{name}"] for name in _NAMES}) if there else None,
        judged=Judged(**told["ensemble"]) if told["ensemble"] else None,
        rules={name: Judged(**rule) for name, rule in told["rules"].items()},
        reliability=tuple((told_, happened, int(rows)) for told_, happened, rows in bars),
        righted=tuple(told.get("righted", AS_IT_IS)),
    )
