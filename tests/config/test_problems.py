"""Invalid project files: every rule, and the message when a file breaks it."""

from __future__ import annotations

import pytest

from tests.config.conftest import Load, Problems
from weco_deploy.config.project_file import MAX_PROBLEMS
from weco_deploy.errors import ProjectFileError

PROJECT = "a mapping with environments and image_repositories"
ENVIRONMENT_ID = "an environment id: at most 124 letters, digits and . _ - (it becomes a tag)"
SERVICE_ID = (
    "a service id: letters, digits and . _ : / = + - @ (it is the value of the tag deployment:service)"
)
ROLE = "the ARN of a role, like arn:aws:iam::<12 digits>:role/<name>"
REPOSITORY = "an ECR repository name: 2 to 256 lower case letters, digits and single . _ - / between them"
TABLE = "a DynamoDB table name: 3 to 255 letters, digits and . _ -"


def project(environments: str = "{id: stage}, {id: prod}", images: str = "{id: web}", more: str = "") -> str:
    """A project with its environments on line 2, its images on line 3, and `more` from line 4 on."""
    return f"shop:\n  environments: [{environments}]\n  image_repositories: [{images}]\n{more}"


INVALID_FILES = {
    "a list": ("- shop\n", "line 1: found a list, expected a mapping of project ids to projects"),
    "a text": ("shop\n", "line 1: found 'shop', expected a mapping of project ids to projects"),
    "no projects": ("{}\n", "line 1: found an empty mapping, expected at least one project"),
    "a project that is text": ("\nshop: web\n", f"line 2, shop: found 'web', expected a project: {PROJECT}"),
    "a project that is text, under an odd id": (
        "my/shop: web\n",
        f"line 1, ['my/shop']: found 'web', expected a project: {PROJECT}",
    ),
    "a project that is nothing": ("shop:\n", f"line 1, shop: found nothing, expected a project: {PROJECT}"),
    "no environments": (
        "shop:\n  image_repositories: [{id: web}]\n",
        "line 1, shop.environments: missing; expected a list of the environments that releases are deployed to",
    ),
    "no images": (
        "shop:\n  environments: [{id: prod}]\n",
        "line 1, shop.image_repositories: missing; expected a list of its images and the services that run them",
    ),
    "empty environments": (
        project(environments=""),
        "line 2, shop.environments: found an empty list, expected at least one environment",
    ),
    "empty images": (
        project(images=""),
        "line 3, shop.image_repositories: found an empty list, expected at least one image",
    ),
    "nothing for environments": (
        "shop:\n  image_repositories: [{id: web}]\n  environments:\n",
        "line 3, shop.environments: found nothing, expected a list",
    ),
    "environments that are a mapping": (
        "shop:\n  image_repositories: [{id: web}]\n  environments:\n    stage: {}\n",
        "line 3, shop.environments: found a mapping, expected a list",
    ),
    "an environment that is text": (
        project("{id: prod}, stage"),
        "line 2, shop.environments[1]: found 'stage', expected an environment: a mapping with the key id",
    ),
    "an image that is text": (
        project(images="web"),
        "line 3, shop.image_repositories[0]: found 'web', expected an image: a mapping with the key id",
    ),
    "an image without id": (
        project(images="{services: [x]}"),
        "line 3, shop.image_repositories[0].id: missing; expected its id in this project",
    ),
    "an illegal environment id": (
        project("{id: pre prod}"),
        f"line 2, shop.environments[0].id: found 'pre prod', expected {ENVIRONMENT_ID}",
    ),
    "an environment id that is too long": (
        project("{id: " + "x" * 125 + "}"),
        f"line 2, shop.environments[0].id: found '{'x' * 59}…', expected {ENVIRONMENT_ID}",
    ),
    "an environment id that is a list": (
        project("{id: [stage]}"),
        f"line 2, shop.environments[0].id: found a list, expected {ENVIRONMENT_ID}",
    ),
    "an environment id that is nothing": (
        project("{id: }"),
        f"line 2, shop.environments[0].id: found nothing, expected {ENVIRONMENT_ID}",
    ),
    "a name of two lines": (
        project(more='  name: "a\\nb"\n'),
        "line 4, shop.name: found 'a\\nb', expected a name: text on one line",
    ),
    "an image id with a comma": (
        project(images="{id: 'a,b'}"),
        "line 3, shop.image_repositories[0].id: found 'a,b', expected an image id: letters, digits and . _ / -",
    ),
    "an image id that ECR refuses": (
        project(images="{id: Web}"),
        "line 3, shop.image_repositories[0].id: the id makes the repository name 'uk.ac.wellcome/Web', "
        f"expected {REPOSITORY}; or give repository",
    ),
    "a repository that ECR refuses": (
        project(images="{id: web, repository: org..example/web}"),
        f"line 3, shop.image_repositories[0].repository: found 'org..example/web', expected {REPOSITORY}",
    ),
    "a namespace that ECR refuses": (
        project(more="  namespace: Example\n"),
        "line 4, shop.namespace: found 'Example', expected the beginning of an ECR repository name: "
        "lower case letters, digits and single . _ - / between them",
    ),
    "a service that is a list": (
        project(images="{id: web, services: [[x, y]]}"),
        "line 3, shop.image_repositories[0].services[0]: found a list, expected a service id or a mapping with the key id",
    ),
    "a service that is nothing": (
        project(images="{id: web, services: [{id: x}, null]}"),
        "line 3, shop.image_repositories[0].services[1]: found nothing, expected a service id or a mapping with the key id",
    ),
    "a service without id": (
        project(images="{id: web, services: [{}]}"),
        "line 3, shop.image_repositories[0].services[0].id: missing; "
        "expected its id: the value of the ECS service's tag deployment:service",
    ),
    "an illegal bare service id": (
        project(images="{id: web, services: ['a,b']}"),
        f"line 3, shop.image_repositories[0].services[0]: found 'a,b', expected {SERVICE_ID}",
    ),
    "an illegal service id": (
        project(images="{id: web, services: [{id: 'a,b'}]}"),
        f"line 3, shop.image_repositories[0].services[0].id: found 'a,b', expected {SERVICE_ID}",
    ),
    "services that are text": (
        project(images="{id: web, services: x}"),
        "line 3, shop.image_repositories[0].services: found 'x', expected a list",
    ),
    "an account id of eleven digits": (
        project(more="  account_id: 11112222333\n"),
        "line 4, shop.account_id: found '11112222333', expected an account id: 12 digits",
    ),
    "a role that is no ARN": (
        project(more="  role_arn: shop-ci\n"),
        f"line 4, shop.role_arn: found 'shop-ci', expected {ROLE}",
    ),
    "the ARN of a user": (
        project(more="  role_arn: arn:aws:iam::111122223333:user/ci\n"),
        f"line 4, shop.role_arn: found 'arn:aws:iam::111122223333:user/ci', expected {ROLE}",
    ),
    "an empty role": (
        project(more="  role_arn:\n"),
        f"line 4, shop.role_arn: found nothing, expected {ROLE}",
    ),
    "an environment's wrong role": (
        project("{id: stage, role_arn: x}"),
        f"line 2, shop.environments[0].role_arn: found 'x', expected {ROLE}",
    ),
    "no region": (
        project(more="  region_name: Ireland\n"),
        "line 4, shop.region_name: found 'Ireland', expected a region, like eu-west-1",
    ),
    "two regions": (
        project(more="  region_name: eu-west-1\n  aws_region_name: eu-west-2\n"),
        "line 5, shop.aws_region_name: found another region than region_name on line 4, expected one of the two keys",
    ),
    "a cluster with a slash": (
        project(more="  clusters: [a, b/c]\n"),
        "line 4, shop.clusters[1]: found 'b/c', expected the name or ARN of an ECS cluster",
    ),
    "clusters that are text": (
        project(more="  clusters: a\n"),
        "line 4, shop.clusters: found 'a', expected a list",
    ),
    "an illegal table": (
        project(more="  release_table: my table\n"),
        f"line 4, shop.release_table: found 'my table', expected {TABLE}",
    ),
    "a project id that makes no table": (
        project().replace("shop", "my/shop"),
        f"line 1, ['my/shop']: the id makes the table name 'wellcome-releases-my/shop', expected {TABLE}; or give release_table",
    ),
    "a project id with a number sign": (
        project(more="  release_table: shop\n").replace("shop:", "'shop#1':"),
        "line 1, ['shop#1']: found 'shop#1', expected a project id without spaces and '#'",
    ),
    "an on_failure of its own": (
        project("{id: stage, on_failure: retry}"),
        "line 2, shop.environments[0].on_failure: found 'retry', expected 'leave' or 'rollback'",
    ),
    "an old_tasks of its own": (
        project("{id: stage, old_tasks: kill}"),
        "line 2, shop.environments[0].old_tasks: found 'kill', expected 'leave' or 'wait'",
    ),
    "a backwards of its own": (
        project("{id: stage, backwards: never}"),
        "line 2, shop.environments[0].backwards: found 'never', expected 'refuse', 'warn' or 'allow'",
    ),
    "a branch that git could not have": (
        project(more="  branch: feature/../main\n"),
        "line 4, shop.branch: found 'feature/../main', expected the name of a branch, like main, "
        "without that of its remote",
    ),
    "requires that are a mapping": (
        project("{id: stage, requires: {id: prod}}"),
        "line 2, shop.environments[0].requires.environment: missing; expected the environment in which a release must have succeeded",
    ),
    "an illegal required id": (
        project("{id: stage, requires: [a b]}"),
        f"line 2, shop.environments[0].requires[0]: found 'a b', expected {ENVIRONMENT_ID}",
    ),
    "an unknown required environment": (
        project("{id: stage}, {id: prod, requires: stag}"),
        "line 2, shop.environments[1].requires: found 'stag', expected an environment of this project "
        "(did you mean 'stage'?)",
    ),
    "an unknown required environment in a list": (
        project("{id: stage}, {id: prod, requires: [stage, qa]}"),
        "line 2, shop.environments[1].requires[1]: found 'qa', expected an environment of this project",
    ),
    "an environment that requires itself": (
        project("{id: stage, requires: stage}"),
        "line 2, shop.environments[0].requires: found 'stage' requiring itself, expected another environment",
    ),
    "a requirement given twice": (
        project("{id: stage}, {id: prod, requires: [stage, stage]}"),
        "line 2, shop.environments[1].requires[1]: found the required environment 'stage' twice, first on line 2",
    ),
    "a circle of two": (
        project("{id: stage, requires: prod}, {id: prod, requires: stage}"),
        "line 2, shop.environments[0].id: found a circle of requires, stage → prod → stage: no release could ever go there",
    ),
    "a circle of three": (
        project("{id: x, requires: a}, {id: a, requires: b}, {id: b, requires: c}, {id: c, requires: a}"),
        "line 2, shop.environments[1].id: found a circle of requires, a → b → c → a: no release could ever go there",
    ),
    "a service after an unknown one": (
        "shop:\n  environments: [{id: stage}]\n  image_repositories:\n  - id: web\n    services:\n    - search\n"
        "    - id: web\n      after: [serach]\n",
        "line 8, shop.image_repositories[0].services[1].after[0]: found 'serach', "
        "expected a service of this project (did you mean 'search'?)",
    ),
    "a service after itself": (
        "shop:\n  environments: [{id: stage}]\n  image_repositories:\n  - id: web\n    services:\n"
        "    - id: web\n      after: [web]\n",
        "line 7, shop.image_repositories[0].services[0].after[0]: found 'web' after itself, expected another service",
    ),
    "a service after another one twice": (
        "shop:\n  environments: [{id: stage}]\n  image_repositories:\n  - id: web\n    services:\n    - search\n"
        "    - id: web\n      after: [search, search]\n",
        "line 8, shop.image_repositories[0].services[1].after[1]: found the service 'search' twice, first on line 8",
    ),
    "a circle of services at different images": (
        "shop:\n  environments: [{id: stage}]\n  image_repositories:\n  - id: web\n    services:\n"
        "    - {id: web, after: [search]}\n  - id: search\n    services:\n    - {id: search, after: [web]}\n",
        "line 6, shop.image_repositories[0].services[0].id: found a circle of after, web → search → web: "
        "none of them could ever be first",
    ),
    "an environment given twice": (
        "shop:\n  image_repositories: [{id: web}]\n  environments:\n  - id: stage\n  - id: stage\n",
        "line 5, shop.environments[1].id: found the environment 'stage' twice, first on line 4",
    ),
    "an image given twice": (
        "shop:\n  environments: [{id: stage}]\n  image_repositories:\n  - id: web\n  - name: x\n    id: web\n",
        "line 6, shop.image_repositories[1].id: found the image 'web' twice, first on line 4",
    ),
    "a service given twice for one image": (
        project(images="{id: web, services: [x, {id: x}]}"),
        "line 3, shop.image_repositories[0].services[1].id: found the service 'x' twice, first on line 3",
    ),
    "two images of one repository": (
        project(images="{id: web}, {id: app, repository: uk.ac.wellcome/web}"),
        "line 3, shop.image_repositories[1].id: found the repository 'uk.ac.wellcome/web' again, "
        "expected one image for it: 'web' on line 3 has it",
    ),
}


@pytest.mark.parametrize(("text", "problem"), INVALID_FILES.values(), ids=INVALID_FILES.keys())
def test_problem_names_line_path_found_and_expected(problems: Problems, text: str, problem: str) -> None:
    assert [found for found in problems(text) if "unknown key" not in found] == [problem]


def test_all_problems_are_reported_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    text = """
shop:
  nmae: The shop
  role_arn: nobody
  name: one
  name: two
  environments:
    - id: stage
    - id: stage
    - {}
other: []
"""
    places = [problem.partition(":")[0] for problem in problems(text)]
    assert places == [
        "line 2, shop.image_repositories",
        "line 3, shop.nmae",
        "line 4, shop.role_arn",
        "line 6, shop.name",
        "line 9, shop.environments[1].id",
        "line 10, shop.environments[2].id",
        "line 11, other",
    ]


def test_error_message_names_the_file_and_every_problem(loaded: Load) -> None:
    with pytest.raises(ProjectFileError) as caught:
        loaded(project("{}", "{}"))
    assert ".wellcome_project can't be used:\n  line 2, " in caught.value.message
    assert len(caught.value.message.splitlines()) == 3


def test_two_cycles_of_requires_are_two_problems(problems: Problems) -> None:
    pairs = "{id: a, requires: b}, {id: b, requires: a}, {id: c, requires: d}, {id: d, requires: c}"
    assert ["a → b → a" in problem for problem in problems(project(pairs))] == [True, False]


def test_error_shows_at_most_a_hundred_problems(problems: Problems) -> None:
    shown = problems(project(images=", ".join(["{}"] * (MAX_PROBLEMS + 1))))
    assert len(shown) == MAX_PROBLEMS + 1
    assert shown[-1].startswith("… and more")


TWO_PROJECTS_OF_ONE_REPOSITORY = "a: {environments: [{id: prod}, {id: stage}], image_repositories: [{id: web}]%s}\nb: {environments: [{id: %s}], image_repositories: [{id: %s}]%s}\n"
ROLE_1 = ", role_arn: 'arn:aws:iam::111122223333:role/ci'"
ROLE_2 = ", role_arn: 'arn:aws:iam::444455556666:role/ci'"


@pytest.mark.parametrize(
    ("first", "second"),
    [("", ""), (ROLE_1, ROLE_1), (ROLE_1, ", account_id: 111122223333"), (", region_name: eu-west-1", "")],
)
def test_two_projects_must_not_move_the_same_tag_of_a_repository(
    problems: Problems, first: str, second: str
) -> None:
    assert problems(TWO_PROJECTS_OF_ONE_REPOSITORY % (first, "stage", "web", second)) == (
        "line 2, b.image_repositories[0].id: found the repository 'uk.ac.wellcome/web' with env.stage, which the "
        "project 'a' moves too (line 1), expected another repository or other environment ids",
    )


@pytest.mark.parametrize(
    ("first", "environment", "image", "second"),
    [
        ("", "qa", "web", ""),
        ("", "stage", "app", ""),
        (ROLE_1, "stage", "web", ROLE_2),
        (ROLE_1, "stage", "web", ""),
        (ROLE_1, "stage", "web", ROLE_1 + ", region_name: us-east-1"),
        ("", "stage", "web", ", namespace: other"),
    ],
    ids=["environment", "repository", "account", "perhaps the account", "region", "namespace"],
)
def test_projects_with_different_tags_may_share_a_file(
    loaded: Load, first: str, environment: str, image: str, second: str
) -> None:
    assert list(loaded(TWO_PROJECTS_OF_ONE_REPOSITORY % (first, environment, image, second)).projects) == [
        "a",
        "b",
    ]


def test_invalid_role_is_not_reported_as_a_shared_tag_too(problems: Problems) -> None:
    assert len(problems(TWO_PROJECTS_OF_ONE_REPOSITORY % ("", "stage", "web", ", role_arn: x"))) == 1
    assert (
        len(problems(TWO_PROJECTS_OF_ONE_REPOSITORY % (", role_arn: x", "stage", "web", ", role_arn: x")))
        == 2
    )


TWO_PROJECTS_WITH_TABLES = "a: {environments: [{id: prod}], image_repositories: [{id: web}]%s}\nb: {environments: [{id: prod}], image_repositories: [{id: app}]%s}\n"
RELEASES_TABLE = ", release_table: releases"


@pytest.mark.parametrize(
    ("first", "second", "table"),
    [
        (RELEASES_TABLE, RELEASES_TABLE, "releases"),
        (RELEASES_TABLE + ROLE_1, RELEASES_TABLE + ROLE_1, "releases"),
        (RELEASES_TABLE, RELEASES_TABLE + ROLE_1, "releases"),
        ("", ", release_table: wellcome-releases-a", "wellcome-releases-a"),
    ],
    ids=["the caller's account", "one account", "perhaps one account", "the name by default"],
)
def test_two_projects_must_not_keep_their_records_in_the_same_table(
    problems: Problems, first: str, second: str, table: str
) -> None:
    assert problems(TWO_PROJECTS_WITH_TABLES % (first, second)) == (
        f"line 2, b.release_table: found the release table {table!r} of the project 'a' (line 1), "
        "expected a table of its own",
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (RELEASES_TABLE, ", release_table: others"),
        (RELEASES_TABLE + ROLE_1, RELEASES_TABLE + ROLE_2),
        (RELEASES_TABLE, RELEASES_TABLE + ", region_name: us-east-1"),
    ],
    ids=["name", "account", "region"],
)
def test_projects_with_different_tables_may_share_a_file(loaded: Load, first: str, second: str) -> None:
    assert list(loaded(TWO_PROJECTS_WITH_TABLES % (first, second)).projects) == ["a", "b"]


def test_invalid_table_name_is_not_reported_as_a_shared_table_too(problems: Problems) -> None:
    assert len(problems(TWO_PROJECTS_WITH_TABLES % (", release_table: x", ", release_table: x"))) == 2
