"""A GST rate stands in the dated tables and nowhere else: a literal rate in code fails here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS = ("vyapar", "inventory", "reallocation", "campaigns", "compliance", "alerts")

#: Rates of the law past and present, in percent; halves, basis points and fractions follow.
PERCENT = (5, 12, 18, 28, 40)
WHOLE = {*PERCENT, *(p * 100 for p in PERCENT)}
HALVES = {p / 2 for p in PERCENT} | {p * 50 for p in PERCENT}
FRACTIONS = {p / 100 for p in PERCENT} | {p / 200 for p in PERCENT} | {1 + p / 100 for p in PERCENT}
TAX_WORDS = {"gst", "cgst", "sgst", "igst", "utgst", "tax", "cess"}
RATE_WORDS = {"rate", "rates"}
#: A bare rate, however dressed; `carrying_rate_bp` is a rate of something else and not meant.
DRESS = {"bp", "pct", "percent", "hsn", "item", "default", "standard", "half", "full", "old", "new"}


def words(name: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return set(spaced.lower().split("_"))


def is_rate(name: str, value: object) -> bool:
    """Whether a number under a name looks like a GST rate written into code."""
    if isinstance(value, str):
        value = float(value) if re.fullmatch(r"\d+(\.\d+)?", value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    parts = words(name)
    if parts & TAX_WORDS:
        return value in WHOLE | HALVES | FRACTIONS
    return bool(parts & RATE_WORDS) and parts <= RATE_WORDS | DRESS and value in WHOLE


def literals(node: ast.expr | None) -> Iterator[object]:
    """Numbers and numeric text that a name is bound to, through Decimal(...), tuples and dicts."""
    if isinstance(node, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in {"Decimal", "int", "float"}:
            for argument in node.args:
                yield from literals(argument)
    elif isinstance(node, ast.BinOp):
        yield from literals(node.left)
        yield from literals(node.right)
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for item in node.elts:
            yield from literals(item)
    elif isinstance(node, ast.Dict):
        for key, item in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and re.match(r"\d", str(key.value)):  # HSN to rate
                yield from literals(item)


def bindings(tree: ast.AST) -> Iterator[tuple[str, object, int]]:
    """(name, literal, line) of assignments, keywords, defaults, comparisons and dict entries."""
    for node in ast.walk(tree):
        for name, value in pairs(node):
            for literal in literals(value):
                yield name, literal, getattr(value, "lineno", 0)


def pairs(node: ast.AST) -> list[tuple[str, ast.expr | None]]:
    match node:
        case ast.Assign():
            return [(name_of(target), node.value) for target in node.targets]
        case ast.AnnAssign() | ast.AugAssign():
            return [(name_of(node.target), node.value)]
        case ast.keyword():
            return [(node.arg or "", node.value)]
        case ast.Compare():
            return [(name_of(node.left), right) for right in node.comparators]
        case ast.BinOp():
            return [(name_of(node.left), node.right), (name_of(node.right), node.left)]
        case ast.Dict():
            return [
                (str(key.value), value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and words(str(key.value)) & TAX_WORDS
            ]
        case ast.arguments():
            named = [*node.posonlyargs, *node.args]
            late = named[len(named) - len(node.defaults) :]
            found = [(arg.arg, value) for arg, value in zip(late, node.defaults, strict=True)]
            alone = zip(node.kwonlyargs, node.kw_defaults, strict=True)
            return found + [(arg.arg, value) for arg, value in alone]
    return []


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return node.id if isinstance(node, ast.Name) else ""


def suspects(source: str) -> list[str]:
    found = bindings(ast.parse(source))
    return [f"line {line}: {name} = {value!r}" for name, value, line in found if is_rate(name, value)]


def sources() -> list[Path]:
    files = (path for app in APPS for path in (ROOT / app).rglob("*.py"))
    return sorted(path for path in files if "migrations" not in path.parts)


def test_no_module_of_the_six_apps_holds_a_literal_gst_rate():
    files = sources()
    assert any(path.name == "rates.py" for path in files)
    found = [f"{p.relative_to(ROOT)} {s}" for p in files for s in suspects(p.read_text("utf-8"))]
    assert not found, "read the rate from vyapar/law instead:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "planted",
    [
        "gst_rate = 18",
        "GST_RATE_BP = 1800",
        "tax = price * 5",
        "rate_bp: int = 500",
        "build(rate_bp=1200)",
        "line['igst'] = Decimal('28')",
        "def price(value, *, gstRate=18): ...",
        "if line.cgst_rate == 9: ...",
        "HALF = {'cgstRate': 2.5}",
        "tax_factor = 1.18",
        "rates = {'1905': 18}",
    ],
)
def test_a_planted_rate_is_found(planted):
    assert suspects(planted)


@pytest.mark.parametrize(
    "innocent",
    ["learning_rate = 0.05", "quantity = 18", "rate_bp = row.rate", "timeout = 5", "cess_bp = 0",
     "API_RATE = '600/min'", "sample_rate = 0.4", "carrying_rate_bp = 1800",
     "EXAMPLE = {'gstDetails': {'rate': 5}}"],
)  # fmt: skip
def test_ordinary_numbers_are_left_alone(innocent):
    assert not suspects(innocent)
