"""What a sandbox can be told at start."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shares:
    """How often simulated people and networks do things, in basis points (100 = 1 %).

    Faults of a recipient are shares of all recipients; `read` is a share of delivered messages, and
    what a reader does a share of readers. See `behaviour` for how a recipient's fate is drawn.
    """

    not_on_whatsapp: int = 400
    marketing_capped: int = 300
    in_experiment: int = 50
    opted_out: int = 100
    read: int = 7800
    clicked: int = 1600
    ordered: int = 700
    wrote_stop: int = 120
    used_stop_switch: int = 60
    sms_absent: int = 300
    sms_inactive: int = 100
    sms_blocked: int = 200
    sms_stop: int = 100
    mail_unknown: int = 150
    mail_greylisted: int = 100
    mail_unsubscribed: int = 80


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses, defaults for lines nobody configured, and the tempo.

    Port 0 picks a free one. `home` keeps routes, templates and mails (None: a directory that goes
    when the server stops); `routes` is a file of lines, accounts and templates (default:
    `routes.json` in the home). `webhook_url`, `app_secret` and `token` serve every phone number that has
    no route of its own; an empty `token` accepts any. `pace` multiplies every simulated delay.
    """

    host: str = "127.0.0.1"
    http_port: int = 8090
    smtp_port: int = 8025
    home: Path | None = None
    routes: Path | None = None
    webhook_url: str = ""
    sms_callback_url: str = ""
    host_header: str = ""
    app_secret: str = "sandbox-app-secret"  # noqa: S105  a simulator's secret guards nothing
    token: str = ""
    pace: float = 1.0
    messages_per_second: int = 80
    marketing_per_day: int = 6
    approval_seconds: float = 0.0
    promo_opens: time = time(10, 0)
    promo_closes: time = time(21, 0)
    webhook_attempts: int = 6
    webhook_first_wait_seconds: float = 1.0
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_certificate: Path | None = None
    smtp_key: Path | None = None
    shares: Shares = field(default_factory=Shares)
