"""Valid project files and the projects that `load` returns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.conftest import Load
from weco_deploy.config import ProjectFile, load
from weco_deploy.errors import UsageError
from weco_deploy.model.direction import Backwards
from weco_deploy.model.project import Environment, Image, Project

SMALLEST = """
shop:
  environments: [{id: stage}]
  image_repositories: [{id: web}]
"""

FULL = """
shop:
  name: The shop
  role_arn: arn:aws:iam::111122223333:role/ci/shop
  region_name: us-east-1
  account_id: 111122223333
  namespace: org.example
  release_table: shop-releases
  branch: main
  clusters: [one, "arn:aws:ecs:us-east-1:111122223333:cluster/two"]
  environments:
    - id: stage
      name: Staging
      on_failure: rollback
      old_tasks: wait
    - id: prod
      role_arn: arn:aws-cn:iam::444455556666:role/prod
      region_name: cn-north-1
      requires: [stage]
      backwards: refuse
  image_repositories:
    - id: web
      services: [web, {id: admin}]
    - id: worker
      repository: org.example.shared/the__worker
"""

IDS = [
    "2021-09-27",
    "no",
    "1.10",
    "0123",
    "0x1f",
    "1e3",
    "true",
    "1e400",
    "0o17",
    "-1",
    ".5",
    "Yes",
    "'null'",
    '"1.10"',
    "'2021-09-27'",
    "1_000",
]
REAL_FILES = Path(__file__).parents[3] / "shared" / "projects"


def test_missing_keys_get_their_defaults(loaded: Load) -> None:
    assert loaded(SMALLEST).projects == {
        "shop": Project(
            id="shop",
            name="shop",
            role_arn=None,
            region_name="eu-west-1",
            account_id=None,
            namespace="uk.ac.wellcome",
            release_table="wellcome-releases-shop",
            environments=(Environment(id="stage", name="stage"),),
            images=(Image(id="web", repository="uk.ac.wellcome/web"),),
        )
    }


def test_every_key_reaches_the_project(loaded: Load) -> None:
    file = loaded(FULL)
    assert not file.warnings
    assert file.project(None) == Project(
        id="shop",
        name="The shop",
        role_arn="arn:aws:iam::111122223333:role/ci/shop",
        region_name="us-east-1",
        account_id="111122223333",
        namespace="org.example",
        release_table="shop-releases",
        branch="main",
        clusters=("one", "arn:aws:ecs:us-east-1:111122223333:cluster/two"),
        environments=(
            Environment(id="stage", name="Staging", on_failure="rollback", old_tasks="wait"),
            Environment(
                id="prod",
                name="prod",
                role_arn="arn:aws-cn:iam::444455556666:role/prod",
                region_name="cn-north-1",
                requires=("stage",),
                backwards=Backwards.REFUSE,
            ),
        ),
        images=(
            Image(id="web", repository="org.example/web", services=("web", "admin")),
            Image(id="worker", repository="org.example.shared/the__worker"),
        ),
    )


@pytest.mark.parametrize("written", IDS)
def test_ids_keep_the_text_as_written(loaded: Load, written: str) -> None:
    project = loaded(
        f"{written}:\n  environments: [{{id: {written}}}]\n"
        f"  image_repositories: [{{id: web, services: [{written}]}}, {{id: app, services: [{{id: {written}}}]}}]\n"
    ).project(None)
    plain = written.strip("'\"")
    assert project.id == plain
    assert project.environments[0].id == plain
    assert [image.services for image in project.images] == [(plain,), (plain,)]
    assert project.images[0].tag_in(project.environments[0]) == f"env.{plain}"


def test_project_ids_that_look_like_other_types_are_text(loaded: Load) -> None:
    file = loaded(SMALLEST.replace("shop", "no") + SMALLEST.replace("shop", "null").replace("web", "app"))
    assert list(file.projects) == ["no", "null"]


def test_requires_accepts_a_single_id_without_a_list(loaded: Load) -> None:
    project = loaded(FULL.replace("requires: [stage]", "requires: stage")).project(None)
    assert project.environment("prod").requires == ("stage",)


@pytest.mark.parametrize("key", ["region_name", "aws_region_name"])
def test_region_has_two_keys(loaded: Load, key: str) -> None:
    assert loaded(f"{SMALLEST}  {key}: eu-west-2\n").project(None).region_name == "eu-west-2"


def test_both_region_keys_are_allowed_if_they_agree(loaded: Load) -> None:
    text = f"{SMALLEST}  region_name: eu-west-2\n  aws_region_name: eu-west-2\n"
    assert loaded(text).project(None).region_name == "eu-west-2"


@pytest.mark.parametrize("key", ["services", "requires", "clusters"])
def test_list_key_without_a_value_is_empty(loaded: Load, key: str) -> None:
    lines = {
        "services": "shop:\n  environments:\n  - id: stage\n  image_repositories:\n  - id: web\n    services:\n",
        "requires": "shop:\n  image_repositories:\n  - id: web\n  environments:\n  - id: stage\n    requires:\n",
        "clusters": f"{SMALLEST}  clusters:\n",
    }
    project = loaded(lines[key]).project(None)
    assert (project.images[0].services, project.environments[0].requires, project.clusters) == ((), (), ())


def test_service_may_run_several_images(loaded: Load) -> None:
    project = loaded(
        SMALLEST.replace("{id: web}", "{id: web, services: [x]}, {id: app, services: [x]}")
    ).project(None)
    assert project.services == {"x": ("web", "app")}


def test_windows_line_ends_and_byte_order_mark_make_no_difference(loaded: Load) -> None:
    as_windows = b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode()
    assert loaded(as_windows).projects == loaded(FULL).projects


def test_anchors_aliases_and_merge_keys_work(loaded: Load) -> None:
    file = loaded("""
a: &a
  name: First
  environments: &places [{id: stage}]
  image_repositories: [{id: web}]
b:
  <<: *a
  name: Second
  image_repositories: [{id: app}]
c:
  environments: *places
  image_repositories: [{id: other}]
""")
    assert [project.name for project in file.projects.values()] == ["First", "Second", "c"]
    assert {project.environments for project in file.projects.values()} == {
        (Environment(id="stage", name="stage"),)
    }
    assert file.project("b").images[0].id == "app"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (f"{SMALLEST}  flavour: red\n", "line 5, shop.flavour: unknown key, ignored"),
        (
            f"{SMALLEST}  rolearn: red\n",
            "line 5, shop.rolearn: unknown key, ignored (did you mean 'role_arn'?)",
        ),
        (
            SMALLEST.replace("{id: stage}", "{id: stage, require: x}"),
            "line 3, shop.environments[0].require: unknown key, ignored (did you mean 'requires'?)",
        ),
        (
            SMALLEST.replace("{id: web}", "{id: web, service: x}"),
            "line 4, shop.image_repositories[0].service: unknown key, ignored (did you mean 'services'?)",
        ),
        (
            SMALLEST.replace("{id: web}", "{id: web, services: [{id: x, idd: y}]}"),
            "line 4, shop.image_repositories[0].services[0].idd: unknown key, ignored (did you mean 'id'?)",
        ),
        (
            f'{SMALLEST}  "a.\\e[31m": red\n',
            "line 5, shop['a.\\x1b[31m']: unknown key, ignored",
        ),
    ],
)
def test_unknown_key_is_a_warning_with_the_likely_spelling(loaded: Load, text: str, warning: str) -> None:
    file = loaded(text)
    assert file.warnings == (f"{file.path}, {warning}",)


def test_after_of_a_service_at_several_images_adds_up(loaded: Load) -> None:
    services = "[x, y, {id: z, after: [x]}, {id: z2, after: }]"
    text = SMALLEST.replace(
        "{id: web}", f"{{id: web, services: {services}}}, {{id: api, services: [{{id: z, after: [y, x]}}]}}"
    )
    (project,) = loaded(text).projects.values()
    assert project.after == {"z": ("x", "y")}


def test_services_of_others_are_those_that_something_else_deploys(loaded: Load) -> None:
    text = SMALLEST.replace("{id: web}", "{id: web, services: [x, {id: y, deployed_by: other}]}")
    (project,) = loaded(text).projects.values()
    assert project.services_of_others == {"y"}


@pytest.mark.parametrize(
    "services", ["[x, {id: y, optional: true}]", "[{id: x, optional: false}, {id: y, optional: true}]"]
)
def test_optional_services_are_those_that_an_environment_may_lack(loaded: Load, services: str) -> None:
    text = SMALLEST.replace("{id: web}", f"{{id: web, services: {services}}}, {{id: app, services: [y]}}")
    (project,) = loaded(text).projects.values()
    assert project.optional_services == {"y"}
    assert project.services == {"x": ("web",), "y": ("web", "app")}


def test_project_id_is_optional_if_there_is_a_single_project(loaded: Load) -> None:
    assert loaded(SMALLEST).project(None).id == "shop"
    assert loaded(SMALLEST).project("shop").id == "shop"


def test_unknown_project_id_is_a_usage_error_with_the_likely_spelling(loaded: Load) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(SMALLEST).project("shopp")
    assert "no project 'shopp' (did you mean 'shop'?)" in caught.value.message
    assert caught.value.hint == "its projects: shop"


def test_missing_project_id_among_several_projects_is_a_usage_error_naming_the_flag(loaded: Load) -> None:
    file = loaded(SMALLEST + SMALLEST.replace("shop", "other").replace("web", "app"))
    with pytest.raises(UsageError) as caught:
        file.project(None)
    assert caught.value.hint == "choose one with --project-id: shop, other"
    assert file.project("other").images[0].id == "app"


@pytest.mark.skipif(not REAL_FILES.is_dir(), reason="the real project files are not beside this checkout")
def test_real_project_files_load_without_warnings() -> None:
    files = {path.name: load(path) for path in REAL_FILES.glob("*.yml")}
    assert files
    assert not [warning for file in files.values() for warning in file.warnings]
    assert all(project.images and project.environments for project in _all(files))


def _all(files: dict[str, ProjectFile]) -> list[Project]:
    return [project for file in files.values() for project in file.projects.values()]
