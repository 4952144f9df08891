"""The description tells the truth: every path is there, every reference leads somewhere."""

import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from paifang.web.live.forwarded import FORWARDED
from paifang.web.live.operations import OPERATIONS
from tests.web.live.venue import Venue


def described(venue: Venue) -> dict[str, Any]:
    """Return the OpenAPI document."""
    return venue.call("GET", "/api/v1/openapi.json").json


def test_every_operation_is_described_with_its_answers(venue: Venue) -> None:
    document = described(venue)
    assert document["openapi"].startswith("3.1")
    for operation in (*OPERATIONS, *FORWARDED):
        found = document["paths"][operation.path][operation.method.lower()]
        assert {"200", "405"} <= set(found["responses"])
        assert ("security" in found) == operation.token
        assert "401" in found["responses"] or not operation.token


def test_every_reference_leads_to_a_type(venue: Venue) -> None:
    answered = venue.call("GET", "/api/v1/openapi.json")
    schemas = answered.json["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/(\w+)"', answered.body.decode()))
    assert named <= set(schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_examples_are_what_the_types_say(venue: Venue) -> None:
    document = described(venue)
    for methods in document["paths"].values():
        for found in methods.values():
            if "requestBody" in found:
                (media, content), *none = found["requestBody"]["content"].items()
                assert not none
                if media != "application/json":
                    continue
                schema = {**content["schema"], "components": document["components"]}
                jsonschema.validate(content["example"], schema)


def test_the_page_of_docs_runs_no_script(venue: Venue) -> None:
    answered = venue.call("GET", "/api/v1/docs")
    page = answered.body.decode()
    assert "<script" not in page
    assert answered.headers["content-security-policy"].startswith("default-src 'none'")
    for operation in OPERATIONS:
        assert operation.path in page
