"""A bucket that speaks S3: lists (version 2, delimiter, pages), get, put, copy, delete; signatures checked.

The signature is worked out here from the request as it arrived (AWS Signature Version 4), so a client
that signs wrongly, or with another secret, is refused as the real one refuses it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.inventory.farsides.http import FarSide, Reply, Request

KEY, SECRET, REGION, BUCKET = "AKIDTEST", "bucket-secret-8899", "ap-south-1", "drops"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)


class S3(FarSide):
    """One bucket. `objects` are bytes by key; `page` keys are listed at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, bytes] = {}
        self.page = 2

    def answer(self, request: Request) -> Reply:
        if wrong := self._wrong_signature(request):
            return self.error(403, wrong)
        bucket, _slash, key = request.path.lstrip("/").partition("/")
        if bucket != BUCKET:
            return self.error(404, "NoSuchBucket")
        if not key:
            return self._list(request) if request.method == "GET" else self._delete_many(request)
        if request.method == "PUT":
            return self._put(request, key)
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return Reply(204)
        if key not in self.objects:
            return self.error(404, "NoSuchKey")
        body = self.objects[key]
        facts = {"ETag": _etag(body), "Last-Modified": "Mon, 23 Nov 2026 06:30:00 GMT"}
        return Reply(200, body, {**facts, "Content-Length": str(len(body))})

    def error(self, status: int, code: str, **headers: str) -> Reply:
        """An error as XML."""
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
        return Reply(status, body.encode(), {"Content-Type": "application/xml", **headers})

    def _put(self, request: Request, key: str) -> Reply:
        source = request.headers.get("x-amz-copy-source")
        if source is None:
            self.objects[key] = request.body
            return Reply(200, b"", {"ETag": _etag(request.body)})
        found = unquote(source).lstrip("/").partition("/")[2]
        if found not in self.objects:
            return self.error(404, "NoSuchKey")
        self.objects[key] = self.objects[found]
        said = f"<CopyObjectResult><ETag>{_etag(self.objects[key])}</ETag></CopyObjectResult>"
        return Reply(200, said.encode(), {"Content-Type": "application/xml"})

    def _delete_many(self, request: Request) -> Reply:
        names = [
            item.text or ""
            for item in ElementTree.fromstring(request.body).iter()
            if item.tag.endswith("Key")
        ]
        for name in names:
            self.objects.pop(name, None)
        gone = "".join(f"<Deleted><Key>{escape(name)}</Key></Deleted>" for name in names)
        return Reply(
            200, f"<DeleteResult>{gone}</DeleteResult>".encode(), {"Content-Type": "application/xml"}
        )

    def _list(self, request: Request) -> Reply:
        params = request.params
        prefix, after = params.get("prefix", ""), params.get("continuation-token", "")
        delimiter = params.get("delimiter", "")
        entries: dict[str, str] = {}
        for key in sorted(name for name in self.objects if name.startswith(prefix)):
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                common = prefix + rest.split(delimiter)[0] + delimiter
                entries[common] = f"<CommonPrefixes><Prefix>{escape(common)}</Prefix></CommonPrefixes>"
            else:
                body = self.objects[key]
                entries[key] = (
                    f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-23T06:30:00.000Z</LastModified>"
                    f"<ETag>{_etag(body)}</ETag><Size>{len(body)}</Size></Contents>"
                )
        names = [name for name in sorted(entries) if name > after]
        some, more = names[: self.page], len(names) > self.page
        token = f"<NextContinuationToken>{escape(some[-1])}</NextContinuationToken>" if more else ""
        listed = "".join(entries[name] for name in some)
        said = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{listed}"
        body = f"<?xml version='1.0'?><ListBucketResult><Name>{BUCKET}</Name>{said}</ListBucketResult>"
        return Reply(200, body.encode(), {"Content-Type": "application/xml"})

    def _wrong_signature(self, request: Request) -> str:
        """The error code that a signature deserves; empty when it is right."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            return "AccessDenied"
        key, day, region, names, given = found.groups()
        instant = request.headers.get("x-amz-date", "")
        age = abs(
            (datetime.now(UTC) - datetime.strptime(instant, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)).seconds
        )
        if key != KEY or region != REGION:
            return "InvalidAccessKeyId"
        if age > 900 and age < 86_400 - 900:
            return "RequestTimeTooSkewed"
        seal = request.headers.get("x-amz-content-sha256", "")
        if seal != "UNSIGNED-PAYLOAD" and seal != hashlib.sha256(request.body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        right = hmac.compare_digest(given, _signature(request, names, instant, day, seal))
        return "" if right else "SignatureDoesNotMatch"


def _signature(request: Request, names: str, instant: str, day: str, seal: str) -> str:
    query = sorted((_coded(n), _coded(v)) for n, v in parse_qsl(request.query, keep_blank_values=True))
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names.split(";")
    )
    asked = "&".join(f"{name}={value}" for name, value in query)
    canonical = "\n".join((request.method, request.raw_path, asked, headers, names, seal))
    scope = f"{day}/{REGION}/s3/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{instant}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def _coded(text: str) -> str:
    return quote(text, safe="-_.~")


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
