"""Gathers static files for the web server once for each version: compressing them takes a while."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def version(checkout: Path, told: Mapping[str, str]) -> str:
    """Fingerprint of what gathering depends on: our files, the packages, how they are kept."""
    seal = hashlib.sha256((checkout / "requirements.txt").read_bytes())
    seal.update((checkout / "vyapar" / "settings.py").read_bytes())
    seal.update("\n".join(told.get(name, "") for name in ("VYAPAR_HTTPS", "VYAPAR_DEBUG")).encode())
    for path in sorted((checkout / "static").rglob("*")):
        if path.is_file():
            facts = path.stat()
            seal.update(f"{path}{facts.st_size}{facts.st_mtime_ns}".encode())
    return seal.hexdigest()


def main() -> int:
    """Run `collectstatic` unless this very version is gathered in `VYAPAR_HOME` already."""
    note = Path(os.environ["VYAPAR_HOME"]) / "static-version"
    wanted = version(CHECKOUT, os.environ)
    if note.exists() and note.read_text() == wanted:
        return 0
    note.unlink(missing_ok=True)
    # the API is shown by Redoc; Swagger's viewer of the same package is ten times its size
    words = ("collectstatic", "--noinput", "--clear", "--verbosity", "0", "--ignore", "swagger-ui-dist")
    done = subprocess.run([sys.executable, str(CHECKOUT / "manage.py"), *words], check=False)
    if done.returncode == 0:
        note.write_text(wanted)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
