"""Becomes one role of the house, in a container or under another supervisor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from vyapar.ops import stack

_USUAL = {
    "PORT": "8000",
    "VYAPAR_HOME": str(stack.CHECKOUT / ".vyapar"),
    "VYAPAR_SANDBOX": "1",
    "SANDBOX_HTTP_PORT": "8090",
    "SANDBOX_SMTP_PORT": "8025",
}


def main(words: Sequence[str]) -> int:
    """`web`, `worker`, `beat`, `relay` or `sandbox`; `manage …` is any management command.

    Replaces this process, so that signals reach the role itself; returns only when it cannot.
    """
    told = {**_USUAL, **os.environ}
    roles = {role.name: role for role in stack.roles(told)}
    name, *rest = words or ["web"]
    if name == "manage":
        command = stack.manage(name, *(rest or ["help"])).command
    elif name in roles and not rest:
        command = roles[name].command
    else:
        sys.stderr.write(f"no role '{' '.join(words)}': {', '.join(roles)}, manage COMMAND\n")
        return 2
    os.chdir(stack.CHECKOUT)
    if name == "web":  # files of this very version; the home may be an older volume
        subprocess.run([sys.executable, "-m", "vyapar.ops.statics"], env=told, check=True)
    return _become(command, told)


def _become(command: Sequence[str], told: Mapping[str, str]) -> NoReturn:
    os.execve(command[0], list(command), told)  # noqa: S606


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
