"""The API's description (OpenAPI 3.1), made from the types and the table of operations."""

from typing import Any, Final

import msgspec

from paifang.core import limits
from paifang.services.live.bodies import REQUEST_ID_PATTERN, ProblemDocument
from paifang.web.live.forwarded import FORWARDED
from paifang.web.live.operations import NULL, OPERATIONS, Operation

API_VERSION: Final = "1"
REF: Final = "#/components/schemas/{name}"
_REASONS: Final = {
    400: "The request could be read in more than one way",
    401: "No token, or a wrong, expired or withdrawn one",
    403: "The token is right, but this is not allowed",
    404: "What the path names does not exist",
    405: "The path does not know this method",
    409: "The request id came before with other content, or the state or time does not permit it",
    410: "The time for it has passed",
    413: f"More than {limits.BODY_BYTES_MAX} bytes",
    415: "Not application/json in UTF-8, or not the media type of the path",
    416: "The file ends before the range",
    422: "Malformed; `field` names the member at fault",
    429: "Too fast; Retry-After says when",
    500: "A fault of the server",
    503: "Nothing is known to be done; ask again with the same request id after Retry-After",
    504: "The desk has not answered in time; look whether it was done",
    507: "The disk is full; nothing was done",
}


def description(*, bench: bool) -> dict[str, Any]:
    """Return the OpenAPI document: what the live process answers, and what it forwards."""
    operations = (*OPERATIONS, *FORWARDED, *((NULL,) if bench else ()))
    types: set[type] = {t for op in operations for t in (op.answer, op.body) if isinstance(t, type)}
    ordered = sorted({*types, ProblemDocument}, key=lambda t: t.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Paifang",
            "version": API_VERSION,
            "summary": "Admissions, counts and news of a venue.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "terminal": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A terminal's token",
                }
            },
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name if operation.run is None else operation.run.__name__,
        "summary": operation.summary,
        "responses": _responses(operation),
    }
    parameters = _parameters(operation)
    if parameters:
        found["parameters"] = parameters
    if operation.token:
        found["security"] = [{"terminal": []}]
    if operation.body is not None:
        media, content = _content(operation.body)
        if operation.example is not None:
            content["example"] = operation.example
        found["requestBody"] = {"required": True, "content": {media: content}}
    return found


def _responses(operation: Operation) -> dict[str, Any]:
    media, content = _content(operation.answer)
    responses = {
        str(status): {"description": operation.summary, "content": {media: content}}
        for status in (200, *operation.statuses)
    }
    for status in sorted({405, *operation.problems}):
        responses[str(status)] = {
            "description": _REASONS[status],
            "content": {"application/problem+json": {"schema": _ref(ProblemDocument)}},
        }
        if status in {429, 503, 507}:
            responses[str(status)]["headers"] = {
                "Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}
            }
    return responses


def _content(kind: type | str) -> tuple[str, dict[str, Any]]:
    """Return the media type of a body, and its schema."""
    if isinstance(kind, str):
        return kind, {"schema": {"type": "string"}}
    return "application/json", {"schema": _ref(kind)}


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    request_id = {
        "type": "string",
        "minLength": 1,
        "maxLength": limits.REQUEST_ID_CHARS_MAX,
        "pattern": REQUEST_ID_PATTERN,
    }
    parameters: list[dict[str, Any]] = [
        {
            "name": parameter.name,
            "in": parameter.place,
            "required": parameter.required,
            "description": parameter.description,
            "schema": parameter.schema,
        }
        for parameter in operation.parameters
    ]
    if "{request_id}" in operation.path:
        parameters.append(
            {
                "name": "request_id",
                "in": "path",
                "required": True,
                "description": "The request id of the admission",
                "schema": request_id,
            }
        )
    if _has_request_id(operation):
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The request id, if it does not stand in the body",
                "schema": request_id,
            }
        )
    if operation.answer == "text/event-stream":
        parameters += [
            {
                "name": name,
                "in": place,
                "required": False,
                "description": "The id of the last event that came",
                "schema": {"type": "string"},
            }
            for name, place in (("Last-Event-ID", "header"), ("last_event_id", "query"))
        ]
    return parameters


def _has_request_id(operation: Operation) -> bool:
    """Whether an operation of the live process takes its request id in a header as well."""
    body = operation.body
    if body is None or isinstance(body, str) or operation.run is None:
        return False
    return "request_id" in body.__struct_fields__


def _ref(named: type) -> dict[str, str]:
    return {"$ref": REF.format(name=named.__name__)}
