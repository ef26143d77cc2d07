"""The Celery application; every task carries its distributor (see `vyapar.tenancy.tasks`)."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vyapar.settings")

app = Celery("vyapar", task_cls="vyapar.tenancy.tasks:TenantTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
