"""The API's own description: OpenAPI 3.1, with the answers that every door can give."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from vyapar.gateway.etags import WithETag
from vyapar.gateway.views import WRITES

_PROBLEMS = {
    "401": "no key or session, or one that is not valid here",
    "403": "the role or key does not allow this",
    "404": "there is no such thing here",
    "409": "refused as things stand; look again",
    "415": "this content type cannot be read here",
    "406": "none of the offered content types is accepted",
    "422": "the input cannot be understood; `errors` names rows and fields",
    "429": "too many calls; see Retry-After",
    "503": "a far side is down; the same call may work later",
}


class Describe(AutoSchema):
    """Adds the problems that any operation can answer with, and the Idempotency-Key."""

    def get_operation(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(path, *args, **kwargs)
        if operation is None:
            return None
        answers = operation.setdefault("responses", {})
        for status, meaning in _PROBLEMS.items():
            answers.setdefault(status, {"description": meaning, "content": _problem_content()})
        writes = self.method in WRITES
        if writes:
            operation.setdefault("parameters", []).append(_IDEMPOTENCY)
            answers.setdefault("413", {"description": _TOO_LARGE, "content": _problem_content()})
        if getattr(self.view, "deprecated", None):
            operation["deprecated"] = True
        if isinstance(self.view, WithETag):
            _describe_versions(operation, writes=writes)
        return operation


def _describe_versions(operation: dict[str, Any], *, writes: bool) -> None:
    answers, parameters = operation["responses"], operation.setdefault("parameters", [])
    if writes:
        parameters.append(_IF_MATCH)
        for status, meaning in _VERSION_PROBLEMS.items():
            answers.setdefault(status, {"description": meaning, "content": _problem_content()})
    else:
        parameters.append(_IF_NONE_MATCH)
        answers.setdefault("304", {"description": "you have this version"})


def _problem_content() -> dict[str, Any]:
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


_IDEMPOTENCY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": "^[!-~]+$"},
    "description": "carried out once; the same key again gets the first reply",
}

_TOO_LARGE = "the body is larger than one call may carry"
_VERSION_PROBLEMS = {
    "412": "it changed since you looked at it: get it again",
    "428": "say which version you looked at",
}
_TAG = {"type": "string", "pattern": '^"[0-9A-Za-z.-]{1,80}"$'}
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": _TAG,
    "description": "the ETag of the version you looked at; 412 when it moved",
}
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": _TAG,
    "description": "the ETag that you have; 304 when it is still the one",
}

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "row": {"type": ["integer", "null"]},
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "value": {"type": "string"},
                },
            },
        },
    },
    "example": {
        "type": "urn:vyapar:problem:unknown_sku",
        "title": "unknown sku",
        "status": 422,
        "code": "unknown_sku",
        "detail": "1 row cannot be taken",
        "errors": [
            {"row": 3, "field": "sku", "code": "unknown_sku", "message": "no such SKU here", "value": "X1"}
        ],
    },
}


def polish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Post-processing hook: the shared problem schema stands once."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    return result


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Names the key in the description."""

    target_class = "vyapar.gateway.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "a scoped key (vs_…), or a token for one from /oauth/token (vt_…)",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Names the session cookie in the description."""

    target_class = "vyapar.gateway.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
