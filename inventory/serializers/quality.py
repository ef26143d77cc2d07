"""Grades of data at the API and in words: each figure with what it costs and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from inventory.contracts.quality import Grade, SubjectKind
from inventory.selectors.quality import GradeRow
from vyapar.kernel.money import group_indian


def figure_label(code: str) -> str:
    """What a figure is called."""
    return {
        "negative_stock": _("Negative stock"),
        "batch_sums": _("Batches that do not add up"),
        "missing_mrp": _("No MRP"),
        "missing_expiry": _("No expiry date"),
        "missing_hsn": _("No HSN"),
        "back_dated": _("Back-dated sales"),
        "gaps": _("Days without sales"),
        "found": _("Sold without stock"),
        "duplicates": _("Sent again"),
        "quarantine": _("Rows set aside"),
        "stale": _("Age"),
        "differences": _("Totals that differ"),
    }[code]


def figure_words(figure: Mapping[str, Any]) -> str:
    """What a figure counts here, and what to do when there is any of it."""
    count = {"n": group_indian(int(figure["value"])), "of": group_indian(int(figure["of"]))}
    said, remedy = _SENTENCES[figure["code"]]()
    return f"{said % count} {remedy}" if figure["value"] else said % count


_SENTENCES = {
    "negative_stock": lambda: (
        _("%(n)s of %(of)s rows of stock are below zero."),
        _("Enter the missing purchases or receipts in the books, then send the stock again."),
    ),
    "batch_sums": lambda: (
        _("Of %(of)s SKUs in the stock statement, %(n)s have batches that do not add up to it."),
        _("Open the import's totals, and correct these batches in the books."),
    ),
    "missing_mrp": lambda: (
        _("%(n)s of %(of)s batches in stock have no MRP."),
        _("Write the printed MRP on them: no offer can be priced without it."),
    ),
    "missing_expiry": lambda: (
        _("%(n)s of %(of)s batches that can expire have no expiry date."),
        _("Enter it at receipt: what has no date is never seen to expire."),
    ),
    "missing_hsn": lambda: (
        _("%(n)s of %(of)s batches in stock are of SKUs without an HSN."),
        _("Give these SKUs their HSN: without it no tax and no paper is right."),
    ),
    "back_dated": lambda: (
        _("%(n)s of %(of)s lines of sales came long after their day."),
        _("Enter sales on their day; older ones change what was forecast and decided since."),
    ),
    "gaps": lambda: (
        _("%(n)s of %(of)s working days have no sale."),
        _("Send the missing days, or name the holidays in the rules."),
    ),
    "found": lambda: (
        _("%(n)s of %(of)s pieces were sold although the book had none."),
        _("Count this stock, and send receipts before the sales that they supply."),
    ),
    "duplicates": lambda: (
        _("%(n)s of %(of)s lines of sales were sent before."),
        _("Send only what is new since the last time: it is faster, and nothing is lost."),
    ),
    "quarantine": lambda: (
        _("%(n)s of %(of)s rows wait in quarantine."),
        _("Correct them in the import and drive them again, or leave them out."),
    ),
    "stale": lambda: (
        _("It is %(n)s hours over the %(of)s that its data may be old."),
        _("Upload the next file, or see why the feed is not pulled."),
    ),
    "differences": lambda: (
        _("%(n)s of %(of)s totals differ from their source and nobody knows why."),
        _("Open the import, look at these totals, then compare again or undo it."),
    ),
}


class QualityFigure(serializers.Serializer[Any]):
    """One figure of a grade. Nothing is lost at 0; everything, when `value` of `of` reaches the limit."""

    code = serializers.CharField()
    value = serializers.IntegerField(min_value=0)
    of = serializers.IntegerField(min_value=0)
    weight = serializers.IntegerField(help_text="marks it can cost")
    limitPercentage = serializers.FloatField(help_text="share of `of` at which they are all lost")
    lost = serializers.FloatField(help_text="marks it costs")
    message = serializers.CharField(help_text="what it counts, and what to do about it")


class QualityDay(serializers.Serializer[Any]):
    """Marks on one day of the last thirty; null when it was not graded."""

    marks = serializers.FloatField(allow_null=True)


class QualitySubject(serializers.Serializer[Any]):
    """The grade of a feed, a location or a territory."""

    kind = serializers.ChoiceField([one.value for one in SubjectKind])
    code = serializers.CharField()
    name = serializers.CharField()
    territory = serializers.CharField(allow_blank=True, help_text="of a location")
    grade = serializers.ChoiceField([one.value for one in Grade])
    marks = serializers.FloatField(help_text="0 to 100")
    holdsBack = serializers.BooleanField(help_text="agents do not act alone on it")
    day = serializers.DateField()
    gradedAt = serializers.DateTimeField()
    policyVersion = serializers.IntegerField(help_text="of Monitoring's rules that it was graded by")
    figures = QualityFigure(many=True)
    trend = QualityDay(many=True, help_text="the last thirty days, oldest first")


class QualityReport(serializers.Serializer[Any]):
    """All grades: feeds, locations, territories; of each, the worst first."""

    gate = serializers.ChoiceField([one.value for one in Grade], help_text="at this or worse: a person")
    results = QualitySubject(many=True)


def grade_out(row: GradeRow, gate: Grade) -> dict[str, Any]:
    """The outside form of a grade."""
    one = row.grade
    return {
        "kind": one.kind,
        "code": one.code,
        "name": row.label,
        "territory": row.territory,
        "grade": one.grade,
        "marks": one.marks / 100,
        "holdsBack": one.kind != SubjectKind.FEED and Grade(one.grade).rank >= gate.rank,
        "day": one.day,
        "gradedAt": one.graded_at,
        "policyVersion": one.policy_version,
        "figures": [
            {
                "code": figure["code"],
                "value": figure["value"],
                "of": figure["of"],
                "weight": figure["weight"],
                "limitPercentage": figure["limit_bp"] / 100,
                "lost": figure["lost"] / 100,
                "message": figure_words(figure),
            }
            for figure in one.figures
        ],
        "trend": [{"marks": None if marks is None else marks / 100} for marks in row.trend],
    }
