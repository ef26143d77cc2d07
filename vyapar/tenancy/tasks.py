"""The base of every task: it carries its distributor and refuses to run without one."""

from __future__ import annotations

from typing import Any

import structlog
from celery import Task
from django.db import close_old_connections
from django_tenants.utils import get_public_schema_name, schema_context, tenant_context

from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema, is_public
from vyapar.tenancy.selectors import get_distributor_by_schema

_HEADER = "vyapar_schema"


class TenantTask(Task[Any, Any]):
    """Sends the caller's schema in a header and enters it again in the worker.

    A task called, sent or received without a distributor raises `Misconfigured`; nothing ever
    falls back to the public schema.
    """

    abstract = True

    def apply_async(  # type: ignore[override]  # options pass through untouched
        self, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Any:
        schema = current_schema()
        if is_public():
            raise Misconfigured(
                _("%(name)s was sent without a distributor", name=self.name), code="no_tenant"
            )
        headers = {**(options.pop("headers", None) or {}), _HEADER: schema}
        return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        schema = self._schema()
        with tenant_context(get_distributor_by_schema(schema)):
            structlog.contextvars.bind_contextvars(tenant=schema, task=self.name)
            try:
                return super().__call__(*args, **kwargs)
            finally:
                structlog.contextvars.clear_contextvars()

    def _schema(self) -> str:
        schema: str | None
        if self.request.called_directly or self.request.id is None:
            schema = current_schema()
        else:
            schema = (self.request.headers or {}).get(_HEADER) or getattr(self.request, _HEADER, "")
        if not schema or schema == get_public_schema_name():
            raise Misconfigured(
                _("%(name)s refuses to run without a distributor", name=self.name), code="no_tenant"
            )
        return str(schema)


class PublicTask(Task[Any, Any]):
    """A task of the platform itself: it sees the public schema only."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        close_old_connections()
        with schema_context(get_public_schema_name()):
            return super().__call__(*args, **kwargs)
