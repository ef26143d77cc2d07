"""JSON logs: one line an event, with tenant, cycle, action, task and user where there are any."""

from __future__ import annotations

import logging
import logging.config
from collections.abc import Mapping
from typing import Any

import structlog

#: Values of these keys never reach a log line.
SECRETS = frozenset({"password", "token", "secret", "authorization", "api_key", "access_token", "otp"})


def mask(_: Any, __: str, event: Any) -> Any:
    """Blank out secrets by key, at the top and one level down."""
    for key, value in event.items():
        if key.lower() in SECRETS:
            event[key] = "***"
        elif isinstance(value, dict):
            event[key] = {k: "***" if str(k).lower() in SECRETS else v for k, v in value.items()}
    return event


def configure(settings: Mapping[str, Any]) -> None:
    """Set up structlog and the standard library's logging to write the same JSON lines to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": settings["level"]},
            "loggers": {
                # libraries that narrate every step
                name: {"level": "WARNING"}
                for name in ("httpx", "httpcore", "fontTools", "weasyprint", "pybreaker", "celery.beat")
            },
        }
    )
