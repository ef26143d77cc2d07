"""The API's own description: OpenAPI 3.1, with the answers that every door can give."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

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
            content = _problem_content()
            if status == "404" and "{" in path:
                # an address of another shape (an id that is none) leads to no door: the site answers
                content["text/html"] = {"schema": {"type": "string"}}
            answers.setdefault(status, {"description": meaning, "content": content})
        if self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            operation.setdefault("parameters", []).append(_IDEMPOTENCY)
        return operation


def _problem_content() -> dict[str, Any]:
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


_IDEMPOTENCY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": "^[!-~]+$"},
    "description": "carried out once; the same key again gets the first reply",
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
        return {"type": "http", "scheme": "bearer", "description": "a scoped key: vs_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Names the session cookie in the description."""

    target_class = "vyapar.gateway.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
