"""The reference page tells what the schema and the gates say."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from catalog.api_reference import Site, read_reference
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in, text_of
from tests.factories import publish_snapshot

SITE = Site(
    base_url="https://spawn.example",
    examples={"model_id": "acme/alpha-1"},
    needs=lambda _method, path: "a key" if path == "/api/things" else "",
)


def schema(**operation: Any) -> dict[str, Any]:
    return {
        "paths": {"/api/things": {"post": {"operationId": "make_thing", "tags": ["Things"], **operation}}},
        "components": {
            "schemas": {
                "Thing": {
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "description": "Its name."},
                        "kind": {
                            "type": "string",
                            "enum": ["a", "b", ""],
                            "description": "Its kind.\n\n* `a` - a\n* `b` - b",
                        },
                        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                    },
                }
            }
        },
    }


BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}


def test_a_body_is_opened_to_its_fields() -> None:
    ((operation,),) = [group.operations for group in read_reference(schema(requestBody=BODY), SITE)]

    assert [(item.name, item.kind, item.is_required) for item in operation.parameters] == [
        ("name", "string", True),
        ("kind", "string", False),
        ("parts", "list of Part", False),
    ]
    assert operation.parameters[1].choices == ("a", "b")
    assert operation.parameters[1].about == "Its kind."


def test_a_call_carries_what_is_required_and_nothing_else() -> None:
    ((operation,),) = [group.operations for group in read_reference(schema(requestBody=BODY), SITE)]

    assert shlex.split(operation.curl) == [
        *("curl", "-X", "POST", "https://spawn.example/api/things"),
        *("-H", "Authorization: Bearer $SMARTSPAWN_KEY"),
        *("-H", "Content-Type: application/json", "-d", '{"name": "<string>"}'),
    ]


def test_without_a_summary_the_first_line_of_the_description_stands_for_it() -> None:
    ((operation,),) = [group.operations for group in read_reference(schema(description="First.\n\nRest."), SITE)]

    assert (operation.summary, operation.about) == ("First.", "Rest.")


@pytest.mark.django_db
def test_the_page_lists_every_endpoint_of_the_schema_with_a_call_that_works(settings: Any) -> None:
    settings.COMMUNITY_SERVER = True  # what only a server of a community answers
    publish_snapshot()
    client = signed_in(Role.ADMIN)
    response = client.get("/api/docs/")
    operations = [operation for group in response.context["groups"] for operation in group.operations]
    document = client.get("/api/schema/?format=json").json()

    assert {(operation.method.lower(), operation.path) for operation in operations} == {
        (method, path) for path, methods in document["paths"].items() for method in methods
    }
    calls = [operation for operation in operations if operation.method == "GET"]
    assert len(calls) >= 5
    for operation in calls:
        url = shlex.split(operation.curl)[1].removeprefix("http://testserver")
        if not re.search(r"_id\}|\{key\}", operation.path):  # those have to be made first
            assert client.get(url).status_code == 200, url


@pytest.mark.django_db
def test_what_an_endpoint_needs_follows_the_setting_that_closes_the_api(settings: Any) -> None:
    publish_snapshot()
    client = signed_in()

    def needs(path: str) -> str:
        groups = client.get("/api/docs/").context["groups"]
        return next(item.needs for group in groups for item in group.operations if item.path == path)

    settings.OPEN_API = True
    assert needs("/api/models") == ""
    assert needs("/api/refresh") == "a key with the scope catalog:refresh"
    assert needs("/api/runs/{run_id}/cancel") == "a key with the scope runs:write"
    settings.OPEN_API = False
    assert needs("/api/models") == "a key with the scope catalog:read"


@pytest.mark.django_db
def test_the_page_has_an_anchor_for_each_entry_of_its_list() -> None:
    html = signed_in().get("/api/docs/").content.decode()
    anchors = re.findall(r'href="#([^"]+)"', html)

    assert len(anchors) > 5
    assert all(f'id="{anchor}"' in html for anchor in anchors)
    assert "Errors are always" in text_of(html.encode())
