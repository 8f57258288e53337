"""A project as the text of a project file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.world.projects import project
from weco_deploy import config
from weco_deploy.config import json_schema
from weco_deploy.model.project import Address, Environment, Image, Project

SCHEMA = Draft7Validator(json.loads(json.dumps(json_schema())))
PLAIN = replace(project({"search": ["search-api"], "items": ["items-api", "items-worker"]}), name="sample")
PLAIN = replace(PLAIN, environments=tuple(replace(found, name=found.id) for found in PLAIN.environments))
BY_TEMPLATE = Address(cluster="shop-{environment}", name="{environment}-{service}")
STAGE_AND_PROD = (
    Environment(id="stage", name="stage", variables={"aws_name": "staging"}),
    Environment(id="prod", name="prod", variables={"aws_name": "2021-01-01"}),
)


def text_of(written: Project, comments: dict[str, str] | None = None) -> str:
    return config.project_text(written, comments or {})


def addressed(**addresses: Address) -> Project:
    """The plain project whose services have these addresses, `_` for `-`; the others are found by their tags."""
    by_id = {service_id.replace("_", "-"): address for service_id, address in addresses.items()}
    return replace(PLAIN, addresses=by_id)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(
            replace(
                PLAIN,
                role_arn="arn:aws:iam::111122223333:role/ci",
                account_id="011122223333",
                region_name="eu-west-2",
                tag="{environment}",
                images=(
                    *(replace(image, tag="{environment}", refs=("{commit}",)) for image in PLAIN.images),
                    Image(
                        id="2021-09-27",
                        repository="no",
                        tag="x-{environment}",
                        refs=("{commit}", "v{version}"),
                    ),
                ),
            ),
            id="own account, tags and version tags",
        ),
        pytest.param(
            addressed(search_api=BY_TEMPLATE, items_api=BY_TEMPLATE, items_worker=BY_TEMPLATE),
            id="names by a template",
        ),
        pytest.param(
            addressed(
                search_api=BY_TEMPLATE,
                items_worker=replace(BY_TEMPLATE, cluster="workers"),
            ),
            id="names, and one service by its tags",
        ),
        pytest.param(
            replace(
                addressed(
                    search_api=BY_TEMPLATE,
                    items_api=Address(cluster="{aws_name}", name="{aws_name}"),
                    items_worker=BY_TEMPLATE,
                ),
                environments=STAGE_AND_PROD,
                optional_services=frozenset({"items-worker", "search-api"}),
            ),
            id="variables, own names and optional services",
        ),
        pytest.param(
            replace(PLAIN, images=tuple(replace(image, services=("yes", "1.10")) for image in PLAIN.images)),
            id="services of several images, whose ids look like other types",
        ),
    ],
)
def test_text_loads_without_warnings_as_the_same_project(written: Project) -> None:
    text = text_of(written)

    file = config.load_text(Path("file"), text)
    assert file.project(None) == written
    assert file.warnings == ()
    assert [error.message for error in SCHEMA.iter_errors(yaml.safe_load(text))] == []


def test_keys_with_their_defaults_are_left_out() -> None:
    keys = yaml.safe_load(text_of(PLAIN))["sample"].keys()

    assert keys == {"region_name", "environments", "image_repositories"}


def test_optional_service_has_its_comment_once() -> None:
    both = replace(
        PLAIN,
        images=tuple(replace(image, services=("shared",)) for image in PLAIN.images),
        optional_services=frozenset({"shared"}),
    )

    lines = text_of(both, {"shared": "only in stage"}).splitlines()

    assert [line.strip() for line in lines if "shared" in line] == [
        "- {id: shared, optional: true}  # only in stage",
        "- shared",
    ]
