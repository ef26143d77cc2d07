"""Whom a server runs as: Postgres refuses root, so root lends it a lesser user."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Servant:
    """A user for `subprocess` (None: whoever we are), or words to put before the command."""

    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()

    @property
    def options(self) -> Mapping[str, Any]:
        """Keyword arguments for `subprocess`."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make the servant the owner of `path`."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether the servant may enter every folder above `path` that exists by now."""
        above = [folder for folder in path.parents if folder.exists()]
        return self.uid is None or all(folder.stat().st_mode & 0o001 for folder in above)

    def runs(self, program: Path) -> bool:
        """Whether the servant may reach and execute `program`."""
        return self.uid is None or (self.reaches(program) and program.stat().st_mode & 0o005 == 0o005)


@cache
def find_servant() -> Servant:
    """Ourselves unless we are root; then `nobody`, or a user namespace where nobody is not."""
    if os.geteuid() != 0:
        return Servant()
    nobody = pwd.getpwnam("nobody")
    servant = Servant(nobody.pw_uid, nobody.pw_gid)
    try:
        subprocess.run(["true"], check=True, cwd="/", **servant.options)
    except OSError:  # a sandbox in which root is the only user there is
        return Servant(
            prefix=(
                *("unshare", "--user", "--map-user=1000", "--map-group=1000", "--"),
                *("setpriv", "--pdeathsig", "INT", "--"),
            )
        )
    return servant
