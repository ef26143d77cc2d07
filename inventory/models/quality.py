"""How good the data are, day by day: grades of feeds, locations and territories with their figures."""

from __future__ import annotations

from django.db import models

from inventory.contracts.quality import Grade, SubjectKind


class QualityGrade(models.Model):
    """The grade of one subject on one Indian day, as it was graded last on it. The newest counts."""

    kind = models.CharField(max_length=9, choices=[(one.value, one.value) for one in SubjectKind])
    code = models.CharField(max_length=40)  # of the feed, the location or the territory
    day = models.DateField()
    grade = models.CharField(max_length=1, choices=[(one.value, one.value) for one in Grade])
    marks = models.PositiveIntegerField()  # 0 to 10,000: hundredths of a mark
    figures = models.JSONField(default=list)  # [{code, value, of, weight, limit_bp, lost}], dearest first
    policy_version = models.PositiveIntegerField(default=0)
    graded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "code", "day"], name="quality_once_a_day")]
        indexes = [models.Index(fields=["day"], name="quality_by_day")]  # the trend

    def __str__(self) -> str:
        return f"{self.kind} {self.code} on {self.day}: {self.grade}"
