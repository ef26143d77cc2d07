"""Sets the schema from the host name and binds the distributor to every log line of the request."""

from __future__ import annotations

import structlog
from django.http import HttpRequest
from django_tenants.middleware.main import TenantMainMiddleware


class DistributorMiddleware(TenantMainMiddleware):
    """Unknown hosts get 404; known ones get their schema and nothing else."""

    def process_request(self, request: HttpRequest) -> object:
        structlog.contextvars.clear_contextvars()
        answer = super().process_request(request)
        tenant = getattr(request, "tenant", None)
        if tenant is not None:
            structlog.contextvars.bind_contextvars(tenant=tenant.schema_name)
        return answer
