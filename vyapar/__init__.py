"""The project and what every agent shares: kernel, law, tenancy, engine, messaging, gateway, face."""

from vyapar.celery import app as celery_app

__all__ = ["celery_app"]
