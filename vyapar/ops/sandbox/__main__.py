"""`python -m vyapar.ops.sandbox`: the far sides without Django."""

from __future__ import annotations

from vyapar.ops.sandbox.cli import main

if __name__ == "__main__":
    main()
