"""Whole numbers as Indians read them."""

from __future__ import annotations


def group_indian(whole: int) -> str:
    """Digits grouped as Indians read them: `12345678` -> `"1,23,45,678"`."""
    sign, digits = ("-", str(-whole)) if whole < 0 else ("", str(whole))
    head, tail = digits[:-3], digits[-3:]
    groups = []
    while head:
        groups.append(head[-2:])
        head = head[:-2]
    return sign + ",".join([*reversed(groups), tail])
