"""The desk of data quality: how good the data are that actions rest on, doubts and grades together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from inventory.contracts.quality import SubjectKind
from inventory.models import Location, QualityGrade, Territory
from inventory.selectors.freshness import doubts_of, rests_of
from inventory.selectors.quality import graded_places, latest_grades, worst_of
from vyapar.kernel.quality import DataQuality, GradedPlace


class Reliance:
    """Keeper of the desk; see `vyapar.kernel.quality.QualityDesk`."""

    def judge(self, payloads: Mapping[UUID, Mapping[str, Any]], *, at: datetime) -> dict[UUID, DataQuality]:
        if not payloads:
            return {}
        rests = rests_of(payloads)
        doubts = doubts_of(rests, at)
        grades = {(one.kind, one.code): one for one in latest_grades()}
        places = {key: graded_places(grades, one) for key, one in rests.items()}
        names = _names({(one.kind, one.code) for mine in places.values() for one in mine})
        return {
            key: DataQuality(
                grade=worst.grade if (worst := worst_of(places[key])) else "",
                places=_placed(places[key], names),
                doubts=tuple(doubts[key]),
            )
            for key in payloads
        }


def _placed(grades: Sequence[QualityGrade], names: Mapping[tuple[str, str], str]) -> tuple[GradedPlace, ...]:
    return tuple(
        GradedPlace(one.kind, one.code, names.get((one.kind, one.code), one.code), one.grade, one.marks / 100)
        for one in grades
    )


def _names(keys: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    if not keys:
        return {}
    found: dict[tuple[str, str], str] = {}
    for kind, model in ((SubjectKind.LOCATION, Location), (SubjectKind.TERRITORY, Territory)):
        codes = [code for one, code in keys if one == kind]
        rows = model.objects.filter(code__in=codes).values_list("code", "name")
        found |= {(kind.value, code): name for code, name in rows}
    return found
