"""What the OpenAPI schema says of every operation: how to sign in, how errors look, how to repeat a request."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from cases.rules import TAG_LENGTH, TEXT_LENGTH, TITLE_LENGTH
from evidence.rules import HALF_WAY_ROUND, LINE, TEXT

REFUSED = "Refused: `errors`, where there is one, names each field or parameter."
FAILED = "A fault of the server, or a part that it needs; what was sent is not recorded."
PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri", "description": "The id of this answer, for the server's log."},
        "code": {"type": "string", "description": "What is wrong, for programs: it never changes."},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the request safe to repeat: the same key and request have the same answer for seven days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
VISIBLE = r"\S"
RANGES = {
    "lat": {"minimum": -90, "maximum": 90},
    "lon": {"minimum": -180, "maximum": 180},
    "radius_m": {"minimum": 0, "maximum": HALF_WAY_ROUND},
}
OF_CASES = frozenset(
    f"{name}Request"
    for name in (
        "NewCase", "CaseRenamed", "CaseDescribed", "SensitivitySet", "CaseClosed", "MemberAdded", "RoleChanged",
        "MemberRemoved", "CaseCommented", "CaseTagged", "EvidenceTagged", "EvidenceCommented", "EvidenceRetracted",
        "EvidenceCorrected",
    )
)  # fmt: skip


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "osint.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class BrowserScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "osint.authentication.BrowserAuthentication"
    name = "browser"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def say_what_all_have_in_common(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Finish the schema (a drf-spectacular postprocessing hook)."""
    components = result["components"]
    components["schemas"]["Problem"] = PROBLEM
    components["parameters"] = {"IdempotencyKey": IDEMPOTENCY_KEY}
    components["responses"] = {
        name: {
            "description": said,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for name, said in (("Refused", REFUSED), ("Failed", FAILED))
    }
    for operations in result["paths"].values():
        for method, operation in operations.items():
            operation["responses"]["4XX"] = {"$ref": "#/components/responses/Refused"}
            operation["responses"]["5XX"] = {"$ref": "#/components/responses/Failed"}
            if method == "post":
                key = {"$ref": "#/components/parameters/IdempotencyKey"}
                operation["parameters"] = [*operation.get("parameters", []), key]
    for name, schema in components["schemas"].items():
        if name.endswith("Request") and schema.get("type") == "object":
            _as_it_is_read(name, schema)
    return result


def _as_it_is_read(component: str, schema: dict[str, Any]) -> None:
    """Say of a request's part how strictly it is read, where the dataclass behind it can not."""
    schema["additionalProperties"] = False
    required = schema.get("required", [])
    for name, field in schema["properties"].items():
        if field.get("type") == "string" and field.pop("minLength", None) and name in required:
            field["pattern"] = VISIBLE
        if field.get("type") == "string" and "format" not in field:
            field["maxLength"] = _longest(component, name)
        if name == "tags":
            field["items"] = {"type": "string", "pattern": VISIBLE, "maxLength": TAG_LENGTH}
        field |= RANGES.get(name, {"minimum": 0} if "number" in field.get("type", ()) else {})


def _longest(component: str, name: str) -> int:
    if component in OF_CASES:
        return {"title": TITLE_LENGTH, "tag": TAG_LENGTH}.get(name, TEXT_LENGTH)
    return TEXT if name in {"text", "notes"} else LINE
