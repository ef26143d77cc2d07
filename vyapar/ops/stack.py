"""What the running house consists of: its environment, the steps to make it, the roles to keep."""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vyapar.kernel.errors import Refused
from vyapar.ops.child import Role
from vyapar.ops.embedded import free_port, is_free, remembered_port

CHECKOUT = Path(__file__).resolve().parents[2]
DISTRIBUTORS = ("demo", "second")
_FIRST_PORT, _LAST_PORT = 8000, 8099
_HOSTS = "localhost,.localhost,127.0.0.1"


@dataclass(frozen=True, slots=True)
class House:
    """Where one house keeps its things (`home`) and the port its pages are on."""

    home: Path
    port: int

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def services(self) -> Path:
        return self.home / "services"

    def prepare(self) -> None:
        """Make the folders that are missing.

        Others may pass through the new ones, to what a servant of root owns inside, but not look.
        """
        for folder in (self.home, self.services):
            if not folder.exists():
                folder.mkdir(parents=True)
                folder.chmod(0o711)
        for folder in (self.logs, self.home / "media", self.home / "static"):
            folder.mkdir(mode=0o700, exist_ok=True)


def choose_port(asked: str | None, *, throw_away: bool = False) -> int:
    """The asked port when it is free, else the first free one from 8000 (`throw_away`: any).

    A port that was asked for and is taken raises `Refused`.
    """
    if asked:
        if not asked.isdigit() or not 0 < int(asked) < 65536:
            raise Refused(f"PORT={asked!r}: write a number between 1 and 65535")
        if not is_free(int(asked)):
            raise Refused(f"port {asked} is taken: stop what listens there or choose another")
        return int(asked)
    if throw_away:
        return free_port()
    return next(filter(is_free, range(_FIRST_PORT, _LAST_PORT)), None) or free_port()


def environment(house: House, services: Mapping[str, str]) -> dict[str, str]:
    """What every child is told; what our own environment says already wins over the defaults."""
    http = remembered_port(house.services, "sandbox_http")
    smtp = remembered_port(house.services, "sandbox_smtp")
    defaults = {
        "SECRET_KEY": _kept_secret(house.home / "secret_key"),
        "ALLOWED_HOSTS": _HOSTS,
        "VYAPAR_DEBUG": "0",
        "VYAPAR_SANDBOX": "1",
        "WHATSAPP_BASE_URL": f"http://127.0.0.1:{http}",
        "SMS_BASE_URL": f"http://127.0.0.1:{http}",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp),
        "DJANGO_SETTINGS_MODULE": "vyapar.settings",
        # two web processes and two of the worker's share the cores: more threads only wait for each other
        "POLARS_MAX_THREADS": str(max(1, (os.cpu_count() or 2) // 2)),
    }
    fixed = {
        **services,
        "PORT": str(house.port),
        "VYAPAR_HOME": str(house.home),
        "SANDBOX_HTTP_PORT": str(http),
        "SANDBOX_SMTP_PORT": str(smtp),
    }
    return {**defaults, **os.environ, **fixed}


_WHEREABOUTS = ("DATABASE_URL", "PORT", "REDIS_URL", "VYAPAR_HOME")


def keep_environment(house: House, told: Mapping[str, str]) -> Path:
    """Write what a terminal needs to run `manage.py` beside the running house; the file's path.

    What this terminal was told of where the house is, another one must be told too.
    """
    ours = {
        name: value for name, value in told.items() if os.environ.get(name) != value or name in _WHEREABOUTS
    }
    path = house.home / "environment"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in sorted(ours.items()))
    path.write_text("".join(lines))
    return path


def manage(name: str, command: str, *words: str) -> Role:
    """A role that is one management command."""
    return Role(name, (sys.executable, str(CHECKOUT / "manage.py"), command, *words))


def steps() -> tuple[tuple[str, Role, bool], ...]:
    """What is done before anything runs: a title, the role, and whether to show its lines.

    `VYAPAR_DEMONSTRATION=small` loads one small distributor only: for journeys and slow machines.
    """
    small = os.environ.get("VYAPAR_DEMONSTRATION") == "small"
    size = ("--small",) if small else ()
    return (
        ("Static files", Role("static", (sys.executable, "-m", "vyapar.ops.statics")), False),
        ("Tables, the public schema, the schedule", manage("setup", "setup_public"), False),
        *(
            (
                f"Demonstration distributor '{name}'",
                manage("demonstration", "load_demonstration", "--distributor", name, *size),
                True,
            )
            for name in DISTRIBUTORS[: 1 if small else None]
        ),
    )


def roles(told: Mapping[str, str]) -> tuple[Role, ...]:
    """What is kept running, in the order of starting; `told` is the children's environment."""
    celery = (sys.executable, "-m", "celery", "-A", "vyapar")
    listed = [_sandbox(told)] if told["VYAPAR_SANDBOX"] == "1" else []
    return (
        *listed,
        manage("relay", "relay"),
        Role(
            "worker",
            (*celery, "worker", "-c", "2", "-l", "info", "--without-mingle", "--without-gossip"),
            says=" ready.",
            stop_signals=((signal.SIGTERM, 6.0), (signal.SIGQUIT, 4.0)),  # warm, then cold
            death_signal=signal.SIGQUIT,
        ),
        Role(
            "beat",
            (
                *(*celery, "beat", "-l", "info"),
                *("-S", "django_celery_beat.schedulers:DatabaseScheduler"),
            ),
        ),
        Role(
            "web",
            (
                *(sys.executable, "-m", "granian", "--interface", "wsgi"),
                *("--host", told.get("VYAPAR_BIND", "127.0.0.1"), "--port", told["PORT"], "--workers", "2"),
                *("--blocking-threads", "4", "--respawn-failed-workers", "--no-ws"),
                "vyapar.wsgi:application",
            ),
            answers=f"http://127.0.0.1:{told['PORT']}/readyz",
        ),
    )


def _sandbox(told: Mapping[str, str]) -> Role:
    http, smtp = told["SANDBOX_HTTP_PORT"], told["SANDBOX_SMTP_PORT"]
    words = ("--http-port", http, "--smtp-port", smtp, "--home", told["VYAPAR_HOME"])
    command = manage("sandbox", "sandbox", *words).command
    return Role("sandbox", command, says='"ready":')


def _kept_secret(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
    return path.read_text()
