"""Doors of the gateway: keys, made and kept by those who may set rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vyapar.gateway.etags import WithETag, etag
from vyapar.gateway.models import ApiKey
from vyapar.gateway.permissions import scopes_of
from vyapar.gateway.selectors import get_key, list_keys
from vyapar.gateway.serializers import (
    KeyChange,
    KeyIn,
    KeyList,
    KeyOut,
    KeyWithSecret,
    RotateIn,
    key_out,
)
from vyapar.gateway.services import change_key, issue_key, revoke_key, rotate_key
from vyapar.gateway.views import ApiView
from vyapar.people.contracts import May


class KeysDoor(ApiView):
    """Keys of this distributor."""

    needs = May.RULES

    @extend_schema(operation_id="listKeys", responses=KeyList)
    def get(self, request: Request) -> Response:
        return Response({"results": [key_out(key) for key in list_keys()]})

    @extend_schema(operation_id="issueKey", request=KeyIn, responses={201: KeyWithSecret})
    def post(self, request: Request) -> Response:
        body = read(KeyIn, request)
        key, secret = issue_key(
            name=body["name"],
            scopes=body["scopes"],
            networks=body.get("networks", ()),
            expires_at=body.get("expiresAt"),
            actor=self.actor,
            at=timezone.now(),
            within=scopes_of(request.user),
        )
        return _with_secret(key, secret, 201)


class _OneKey(WithETag):
    needs = May.RULES

    def version_of(self, **address: Any) -> str | None:
        return str(get_key(address["prefix"]).version)


class KeyDoor(_OneKey):
    """One key: looked at, changed, revoked."""

    match_required = frozenset({"PATCH"})

    @extend_schema(operation_id="getKey", responses=KeyOut)
    def get(self, request: Request, prefix: str) -> Response:
        return Response(key_out(get_key(prefix)))

    @extend_schema(operation_id="changeKey", request=KeyChange, responses=KeyOut)
    def patch(self, request: Request, prefix: str) -> Response:
        body = read(KeyChange, request)
        key = change_key(
            prefix,
            name=body.get("name"),
            scopes=body.get("scopes"),
            networks=body.get("networks"),
            expires_at=body.get("expiresAt"),
            actor=self.actor,
            at=timezone.now(),
            within=scopes_of(request.user),
            seen_version=self.seen(body.get("version")),
        )
        return Response(key_out(key), headers={"ETag": etag(key.version)})

    @extend_schema(
        operation_id="revokeKey",
        responses={200: OpenApiResponse(KeyOut, "the key opens nothing any more")},
    )
    def delete(self, request: Request, prefix: str) -> Response:
        key = revoke_key(
            prefix,
            actor=self.actor,
            at=timezone.now(),
            within=scopes_of(request.user),
            seen_version=self.seen(),
        )
        return Response(key_out(key))


class KeyRotation(_OneKey):
    """A new secret for a key; the one before stays valid for a while."""

    @extend_schema(operation_id="rotateKey", request=RotateIn, responses=KeyWithSecret)
    def post(self, request: Request, prefix: str) -> Response:
        body = read(RotateIn, request)
        key, secret = rotate_key(
            prefix,
            overlap=timedelta(hours=body["overlapHours"]),
            expires_at=body.get("expiresAt"),
            actor=self.actor,
            at=timezone.now(),
            within=scopes_of(request.user),
            seen_version=self.seen(),
        )
        return _with_secret(key, secret, 200)


def _with_secret(key: ApiKey, secret: str, status: int) -> Response:
    return Response(
        {**key_out(key), "key": secret},
        status=status,
        headers={"Cache-Control": "no-store", "ETag": etag(key.version)},
    )


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body in a serializer's shape; DRF's errors become 422 problems."""
    shape = serializer(data=request.data)
    shape.is_valid(raise_exception=True)
    return dict(shape.validated_data)
