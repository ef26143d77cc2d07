"""What the sandbox answers over HTTP, in each far side's own form."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: code -> (HTTP status, type, title), as Meta's error reference has them (October 2026). Throttles
#: come as 400: clients must go by the code.
_GRAPH_ERRORS: Mapping[int, tuple[int, str, str]] = {
    1: (400, "OAuthException", "An unknown error occurred"),
    2: (503, "OAuthException", "Service temporarily unavailable"),
    4: (400, "OAuthException", "Application request limit reached"),
    10: (403, "OAuthException", "Application does not have permission for this action"),
    100: (400, "OAuthException", "Invalid parameter"),
    190: (401, "OAuthException", "Error validating access token"),
    368: (403, "OAuthException", "Temporarily blocked for policies violations"),
    80007: (400, "OAuthException", "Rate limit issues"),
    130429: (400, "OAuthException", "Rate limit hit"),
    130472: (400, "OAuthException", "User's number is part of an experiment"),
    131000: (500, "OAuthException", "Something went wrong"),
    131008: (400, "OAuthException", "Required parameter is missing"),
    131009: (400, "OAuthException", "Parameter value is not valid"),
    131016: (503, "OAuthException", "Service unavailable"),
    131026: (400, "OAuthException", "Message undeliverable"),
    131031: (403, "OAuthException", "Account has been locked"),
    131042: (400, "OAuthException", "Business eligibility payment issue"),
    131047: (400, "OAuthException", "Re-engagement message"),
    131048: (400, "OAuthException", "Spam rate limit hit"),
    131049: (400, "OAuthException", "Meta chose not to deliver"),
    131050: (400, "OAuthException", "User has stopped marketing messages from your business"),
    131051: (400, "OAuthException", "Unsupported message type"),
    131056: (400, "OAuthException", "(Business Account, Consumer Account) pair rate limit hit"),
    132000: (400, "OAuthException", "Number of parameters does not match the expected number of params"),
    132001: (404, "OAuthException", "Template name does not exist in the translation"),
    132005: (400, "OAuthException", "Translated text too long"),
    132012: (400, "OAuthException", "Parameter format does not match format in the created template"),
    132015: (400, "OAuthException", "Template is paused"),
    132016: (400, "OAuthException", "Template is disabled"),
    132018: (400, "OAuthException", "There was an issue with the parameters in your template"),
    133004: (503, "OAuthException", "Server temporarily unavailable"),
}
_SMS_STATUSES: Mapping[str, int] = {
    "UNAUTHORISED": 401,
    "ACCOUNT_BLOCKED": 403,
    "BALANCE_LOW": 402,
    "BAD_REQUEST": 400,
    "BAD_NUMBER": 400,
    "REFERENCE_REUSED": 409,
    "THROTTLED": 429,
    "GATEWAY_BUSY": 503,
    "OPERATOR_DOWN": 503,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; `raw` replaces the JSON body when it is given.

    `promised` bytes are announced instead of its own length; what is missing never comes.
    """

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json; charset=utf-8"
    promised: int = 0


def graph_title(code: int) -> str:
    """The title of a Graph error, as webhooks carry it."""
    return _GRAPH_ERRORS[code][2]


def graph_error(
    code: int, details: str = "", *, subcode: int = 0, status: int = 0, retry_after: int = 0
) -> Reply:
    """A Graph API error; `status` replaces the documented one."""
    usual, kind, title = _GRAPH_ERRORS.get(code, (500, "OAuthException", "Unknown error"))
    error: dict[str, Any] = {"message": f"(#{code}) {title}", "type": kind, "code": code}
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    if subcode:
        error["error_subcode"] = subcode
    error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    return Reply(status or usual, {"error": error}, _wait(retry_after))


def sms_error(code: str, message: str, *, status: int = 0, retry_after: int = 0) -> Reply:
    """A gateway error; DLT refusals are 422."""
    body = {"error": {"code": code, "message": message}}
    return Reply(status or _SMS_STATUSES.get(code, 422), body, _wait(retry_after))


def _wait(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)} if seconds else {}
