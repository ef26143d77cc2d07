"""The import contracts hold, and each fails when somebody breaks it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("vyapar", "inventory", "reallocation", "campaigns", "compliance", "alerts")

#: contract -> (file to spoil, the line that spoils it)
PLANTED = {
    "Floors: four agents": ("campaigns/rules.py", "import reallocation.rules"),
    "Floors inside vyapar": ("vyapar/kernel/money.py", "import vyapar.engine.wire"),
    "Rooms: every app": ("alerts/models.py", "import alerts.services"),
    "Purity: minds and laws": ("reallocation/rules.py", "import django.db"),
    "Faces: other apps": ("alerts/services/alerting.py", "import inventory.models"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the code alone, to be spoilt."""
    home = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(
            ROOT / room, home / room, ignore=shutil.ignore_patterns("data", "tables", "fonts", "__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", home)
    return home


def verdicts(home: Path) -> dict[str, bool]:
    """Contract name -> whether it is kept, as import-linter says."""
    words = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True))"
    answer = subprocess.run(
        [sys.executable, "-c", words],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = answer.stdout.splitlines()
    found = {}
    for line in lines:
        for name in PLANTED:
            if line.startswith(name):
                found[name] = line.rstrip().endswith("KEPT") or "KEPT (" in line
    assert set(found) == set(PLANTED), answer.stdout + answer.stderr
    return found


def test_every_contract_is_kept(copy):
    assert all(verdicts(copy).values())


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_violation_breaks_its_contract(copy, contract):
    name, line = PLANTED[contract]
    path = copy / name
    sound = path.read_text()
    path.write_text(f"{sound}\n{line}\n")
    try:
        assert not verdicts(copy)[contract]
    finally:
        path.write_text(sound)
