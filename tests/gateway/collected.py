"""Every code of a problem that the source can raise, collected from it; writes `docs/problems.md`.

Run `python -m tests.gateway.collected` after adding a code.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/problems.md"
ROOMS = ("vyapar", "inventory", "reallocation", "campaigns", "compliance", "alerts")
#: What no caller of the API meets: the launcher, pages, commands.
_ASIDE = re.compile(r"/(ops|dashboard|management|migrations|views)/|/(views|admin|environment)\.py$")
_CODE = re.compile(r"^[a-z][a-z0-9_…]{1,60}$")

#: What the framework under the doors says by itself.
FRAMEWORK = {
    "not_authenticated": (401, "send a key: `Authorization: Bearer vs_…`"),
    "authentication_failed": (401, "the key or token is unknown here, expired or revoked: get another"),
    "permission_denied": (403, "the key lacks the scope that this door asks for"),
    "not_found": (404, "there is no door at this address"),
    "method_not_allowed": (405, "see `Allow`"),
    "not_acceptable": (406, "ask for a content type that is offered"),
    "unsupported_media_type": (415, "send a content type that this door reads"),
    "throttled": (429, "wait for as many seconds as `Retry-After` says"),
    "parse_error": (400, "the body cannot be read"),
}
FIELDS = {
    "required": "write this field",
    "null": "null is not taken here",
    "blank": "may not be empty",
    "invalid": "is not of this field's kind",
    "invalid_choice": "one of the values in the description",
    "min_value": "is too small",
    "max_value": "is too large",
    "min_length": "is too short",
    "max_length": "is too long",
    "not_a_list": "send a list",
    "empty": "may not be empty",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A code as it stands at one place. `status` is 0 for the code of a row or a field."""

    code: str
    status: int
    message: str


@functools.cache
def collect() -> list[Said]:
    """All codes, by code; a code that stands in several places as often."""
    trees = {path: ast.parse(path.read_text()) for path in _sources()}
    kinds, makers = _statuses(trees.values()), _makers(trees.values())
    found = [said for tree in trees.values() for said in _codes(tree, kinds, makers)]
    found += [Said(code, status, says) for code, (status, says) in FRAMEWORK.items()]
    found += [Said(code, 0, says) for code, says in FIELDS.items()]
    return sorted(set(found), key=lambda said: (said.code, said.status, said.message))


def _sources() -> list[Path]:
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return sorted(path for path in paths if not _ASIDE.search(str(path.relative_to(ROOT.parent))))


def _statuses(trees) -> dict[str, int]:
    """The HTTP status of each class of error, inherited where it says none."""
    own, bases = {}, {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [_name(base) for base in node.bases]
                for line in node.body:
                    if isinstance(line, ast.Assign) and _name(line.targets[0]) == "status":
                        own[node.name] = getattr(line.value, "value", 0)

    def status(name: str, depth: int = 0) -> int:
        if name in own or depth > 5:
            return own.get(name, 0)
        return next((found for base in bases.get(name, []) if (found := status(base, depth + 1))), 0)

    return {name: status(name) for name in bases if "VyaparError" in _ancestors(name, bases)}


def _ancestors(name: str, bases: dict[str, list[str]], depth: int = 0) -> set[str]:
    if depth > 6:
        return set()
    return {name}.union(*(_ancestors(base, bases, depth + 1) for base in bases.get(name, [])))


def _makers(trees) -> dict[str, set[tuple[int, int]]]:
    """Functions that take a code and a message, with the places of both."""
    found: dict[str, set[tuple[int, int]]] = {"Fault": {(0, 1)}}
    for tree in trees:
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            names = [a.arg for a in node.args.args if a.arg not in ("self", "cls")]
            says = next((n for n in ("message", "detail", "sentence") if n in names), "")
            if "code" in names and says:
                found.setdefault(node.name, set()).add((names.index("code"), names.index(says)))
    return found


def _codes(tree: ast.AST, kinds: dict[str, int], makers: dict[str, set[tuple[int, int]]]) -> Iterator[Said]:
    for scope in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
        told = [n for n in ast.walk(scope) if isinstance(n, ast.Assign)]
        for node in ast.walk(scope):
            if isinstance(node, ast.Call):
                yield from _call(node, _texts_before(node.lineno, told), kinds, makers)
            elif isinstance(node, ast.Tuple) and len(node.elts) == 4:
                yield from _quad(node)


def _texts_before(line: int, told: list[ast.Assign]) -> dict[str, str]:
    """What names stand for at a line: the last text that was given to each above it."""
    above = sorted((one for one in told if one.lineno < line), key=lambda one: one.lineno)
    return {_name(one.targets[0]): _text(one.value) for one in above}


def _call(node: ast.Call, texts, kinds, makers) -> Iterator[Said]:
    name = _name(node.func)
    named = {word.arg: word.value for word in node.keywords}
    if name in kinds:
        code = _text(named.get("code")) or name.lower()
        if _CODE.match(code) and node.args:
            yield Said(code, kinds[name], _text(node.args[0]) or texts.get(_name(node.args[0]), ""))
        return
    for where, says in makers.get(name, ()):
        code = _text(node.args[where]) if len(node.args) > where else _text(named.get("code"))
        said = node.args[says] if len(node.args) > says else named.get("message")
        message = _text(said) or texts.get(_name(said), "")
        if code and _CODE.match(code) and (message or name == "Fault"):
            yield Said(code, 0, message)


def _quad(node: ast.Tuple) -> Iterator[Said]:
    """A row of a table of checks: field, code, message, where."""
    field, code, message, _ = (_text(item) for item in node.elts)
    if field and code and _CODE.match(code) and " " in message:
        yield Said(code, 0, message)


def _name(node: ast.AST | None) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _text(node: ast.AST | None) -> str:
    """A constant text, with an ellipsis for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
        return "".join(parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (_text(node.left) or "…") + (_text(node.right) or "…")
    if isinstance(node, ast.Call) and _name(node.func) in ("_", "gettext", "str") and node.args:
        return re.sub(r"%\(\w+\)[sd]", "…", _text(node.args[0])).replace("%%", "%")
    return ""


_DO = {
    400: "mend the request",
    401: "get a key that is valid here",
    403: "ask the owner for the scope",
    404: "look for another thing",
    405: "use another method",
    406: "ask for another form",
    409: "look again, then decide again",
    411: "send Content-Length",
    412: "get it again, look, then write",
    413: "send less at once",
    415: "send another form",
    422: "mend what `errors` names; the same call is refused again",
    428: "send If-Match",
    429: "wait, then the same call",
    500: "ours to mend; tell us the request id",
    502: "a far side refused; a person must look",
    503: "wait, then the same call",
}


_ROWS = "In `errors` and `rejected`: codes of rows and fields"


def page() -> str:
    """The catalogue as a page."""
    rows: dict[tuple[int, str], list[str]] = {}
    for said in collect():
        rows.setdefault((said.status, said.code), []).append(said.message)
    lines = [
        "# Codes of problems",
        "",
        "Collected from the source (`python -m tests.gateway.collected`); a test fails when one is missing. "
        "An ellipsis stands for what is filled in. How to read a problem: [integrators.md](integrators.md), "
        '"When something is refused".',
    ]
    for status in sorted({status for status, _ in rows}, key=lambda s: s or 999):
        title = f"{status}: {_DO[status]}" if status else _ROWS
        lines += ["", f"## {title}", "", "| code | says |", "|---|---|"]
        for (its, code), messages in sorted(rows.items()):
            if its == status:
                shown = " / ".join(dict.fromkeys(m.replace("|", "\\|") for m in messages if m))
                lines.append(f"| `{code}` | {shown[:240] or 'see `detail`'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
