"""Doors of the business rules and of the stop button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from vyapar.engine import registry, services
from vyapar.engine.api.reading import read, read_text
from vyapar.engine.rulebook import business_rules, read_changes
from vyapar.engine.selectors import (
    get_policy,
    list_halts,
    newest_policy_version,
)
from vyapar.engine.serializers import (
    HaltIn,
    HaltOut,
    RulesIn,
    RulesOut,
)
from vyapar.gateway.etags import WithETag, etag
from vyapar.gateway.views import ApiView
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import sha256_of
from vyapar.people.contracts import May
from vyapar.tenancy.selectors import current_distributor


class BusinessRules(WithETag):
    """Thresholds by which the agents judge, dated and versioned."""

    needs = {"GET": May.READ, "PUT": May.RULES}
    match_required = frozenset({"PUT"})
    version_in_body = False
    _newest: Mapping[str, int] | None = None

    def version_of(self, **address: Any) -> str | None:
        """Of every agent what is in force and what was set last, which may come into force later."""
        self._newest = {spec.name: newest_policy_version(spec.name) for spec in registry.agents()}
        in_force = {name: get_policy(name)[1] for name in self._newest}
        return sha256_of([in_force, self._newest])[:32]

    @extend_schema(operation_id="getBusinessRules", responses=RulesOut)
    def get(self, request: Request) -> Response:
        return Response(_rules_out())

    @extend_schema(operation_id="setBusinessRules", request=RulesIn, responses=RulesOut)
    def put(self, request: Request) -> Response:
        body, now = read(RulesIn, request), timezone.now()
        spec = registry.agent(body["agent"])
        services.set_policy(
            spec.name,
            read_changes(spec.policy, body["changes"]),
            effective_date=body.get("effectiveDate") or ist_day(now),
            actor=self.actor,
            at=now,
            reason=body["reason"],
            seen_version=(self._newest or {}).get(spec.name),
        )
        return Response(_rules_out(), headers={"ETag": etag(self.version_of())})


def _rules_out() -> dict[str, Any]:
    in_force = {spec.name: get_policy(spec.name) for spec in registry.agents()}
    return {
        "distributorId": current_distributor().slug,
        "businessRules": business_rules({name: policy for name, (policy, _) in in_force.items()}),
        "versions": {name: version for name, (_, version) in in_force.items()},
    }


class Stop(ApiView):
    """The stop button: POST pulls it, DELETE lifts it."""

    needs = {"GET": May.READ, "POST": May.STOP, "DELETE": May.STOP}

    @extend_schema(operation_id="getHalts", responses=HaltOut)
    def get(self, request: Request) -> Response:
        return Response(_halts())

    @extend_schema(operation_id="pullHalt", request=HaltIn, responses=HaltOut)
    def post(self, request: Request) -> Response:
        body = read(HaltIn, request)
        if body["kind"]:
            registry.kind(body["kind"])
        services.pull(actor=self.actor, at=timezone.now(), kind=body["kind"], reason=body["reason"])
        return Response(_halts())

    @extend_schema(
        operation_id="liftHalt", parameters=[OpenApiParameter("kind", str)], responses={200: HaltOut}
    )
    def delete(self, request: Request) -> Response:
        services.lift(actor=self.actor, at=timezone.now(), kind=read_text(request, "kind"))
        return Response(_halts())


def _halts() -> dict[str, Any]:
    return {"halted": [halt.kind for halt in list_halts()]}
