"""Templates of floating tags, with the variables of environments, and patterns of version tags."""

from __future__ import annotations

import pytest

from tests.config.conftest import Load, Problems

STORAGE = """
storage:
  tag: "{environment}"
  environments:
    - id: stage
      variables: {account: staging}
    - {id: prod, variables: {account: production}}
  image_repositories:
    - id: web
    - id: worker
      tag: content-{account}.{environment}
"""


def tags(loaded: Load, text: str) -> dict[str, list[str]]:
    project = loaded(text).project(None)
    return {
        image.id: [image.tag_in(environment) for environment in project.environments]
        for image in project.images
    }


def test_floating_tag_follows_the_projects_template_or_the_images_own(loaded: Load) -> None:
    assert tags(loaded, STORAGE) == {
        "web": ["stage", "prod"],
        "worker": ["content-staging.stage", "content-production.prod"],
    }


def test_floating_tag_is_env_and_the_environments_id_without_a_template(loaded: Load) -> None:
    text = STORAGE.replace('  tag: "{environment}"\n', "")
    assert tags(loaded, text)["web"] == ["env.stage", "env.prod"]


def test_values_of_variables_are_text_as_written(loaded: Load) -> None:
    text = STORAGE.replace("{account: staging}", "{account: 0123}")
    assert tags(loaded, text)["worker"][0] == "content-0123.stage"


def test_variables_without_a_value_are_no_variables(loaded: Load) -> None:
    environment = loaded("shop: {environments: [{id: a, variables: }], image_repositories: [{id: web}]}")
    assert environment.project(None).environments[0].variables == {}


INVALID = {
    "a variable that an environment lacks": (
        ("{account: production}", "{acount: production}"),
        "line 11, storage.image_repositories[1].tag: found {account}, which the variables of the environment "
        "'prod' (line 7) lack, expected {environment} or a variable of every environment (did you mean 'acount'?)",
    ),
    "a variable that all environments lack": (
        ("content-{account}", "content-{where}"),
        "line 11, storage.image_repositories[1].tag: found {where}, which the variables of the environment "
        "'stage' (line 5) and 1 more lack, expected {environment} or a variable of every environment",
    ),
    "the service in a tag": (
        ('"{environment}"', '"{service}"'),
        "line 3, storage.tag: found {service}, which the variables of the environment 'stage' (line 5) and 1 more "
        "lack, expected {environment} or a variable of every environment",
    ),
    "one tag for two environments": (
        ('"{environment}"', "live"),
        "line 3, storage.tag: it makes the tag 'live' of two environments, expected a tag for each: 'stage' (line 5) "
        "and 'prod' (line 7)",
    ),
    "a tag that is too long": (
        ("account: staging", f"account: {'x' * 128}"),
        f"line 11, storage.image_repositories[1].tag: it makes the tag 'content-{'x' * 128}.stage' of the environment "
        "'stage' (line 5), expected an image tag: at most 128 letters, digits and . _ -",
    ),
    "a placeholder that is not closed": (
        ('"{environment}"', '"env.{environment"'),
        "line 3, storage.tag: found 'env.{environment', expected a template of tags, like env.{environment}: letters, "
        "digits, . _ - and {variables}",
    ),
    "a reserved name": (
        ("{account: staging}", "{account: staging, environment: x}"),
        "line 6, storage.environments[0].variables.environment: found the variable 'environment', expected another "
        "name: {environment} is the environment's id",
    ),
    "a variable with an illegal name": (
        ("{account: staging}", "{account: staging, Team: x}"),
        "line 6, storage.environments[0].variables.Team: found 'Team', expected a variable's name: lower case letters, "
        "digits and _",
    ),
    "variables that are text": (
        ("variables: {account: staging}", "variables: staging"),
        "line 6, storage.environments[0].variables: found 'staging', expected a mapping of names to texts",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_templates_and_variables_are_problems_with_their_lines(problems: Problems, name: str) -> None:
    (old, new), expected = INVALID[name]
    assert expected in problems(STORAGE.replace(old, new))


def test_equal_values_of_a_variable_give_two_environments_one_tag(problems: Problems) -> None:
    text = STORAGE.replace("account: production", "account: staging").replace(".{environment}\n", "\n")
    assert problems(text) == (
        "line 11, storage.image_repositories[1].tag: it makes the tag 'content-staging' of two environments, expected a "
        "tag for each: 'stage' (line 5) and 'prod' (line 7)",
    )


def test_a_template_of_the_project_is_reported_once_for_all_its_images(problems: Problems) -> None:
    assert (
        len(
            problems(
                STORAGE.replace('"{environment}"', "live").replace("- id: web", "- id: web\n    - id: app")
            )
        )
        == 1
    )


TWO = "{0}: {{environments: [{{id: {1}}}], image_repositories: [{{id: web, tag: '{2}'}}]}}\n"


def test_projects_with_different_templates_may_share_a_repository(loaded: Load) -> None:
    text = TWO.format("a", "e2e", "content-env.{environment}") + TWO.format(
        "b", "e2e", "search-env.{environment}"
    )
    assert list(loaded(text).projects) == ["a", "b"]


def test_projects_whose_templates_make_one_tag_of_a_repository_are_a_problem(problems: Problems) -> None:
    text = TWO.format("a", "e2e", "env.{environment}") + TWO.format("b", "env.e2e", "{environment}")
    assert problems(text) == (
        "line 2, b.image_repositories[0].id: found the repository 'uk.ac.wellcome/web' with env.e2e, which the project "
        "'a' moves too (line 1), expected another repository or other environment ids",
    )


REFS = "shop: {{environments: [{{id: stage}}], refs: {0}, image_repositories: [{{id: web}}, {{id: app, refs: {1}}}]}}"


def test_patterns_of_version_tags_are_the_projects_or_the_images_own(loaded: Load) -> None:
    project = loaded(REFS.format('["{commit}", "v{version}"]', '"main-{commit}"')).project(None)
    assert [image.refs for image in project.images] == [("{commit}", "v{version}"), ("main-{commit}",)]


def test_version_tags_begin_with_ref_without_patterns(loaded: Load) -> None:
    assert loaded(STORAGE).project(None).images[0].refs == ("ref.{version}",)


@pytest.mark.parametrize(
    ("refs", "found"),
    [
        ("build", "'build'"),
        ('"{environment}"', "'{environment}'"),
        ('"{commit}-{version}"', "'{commit}-{version}'"),
        ('".{commit}"', "'.{commit}'"),
        ('"a/{commit}"', "'a/{commit}'"),
    ],
)
def test_pattern_needs_one_commit_or_version(problems: Problems, refs: str, found: str) -> None:
    assert problems(REFS.format(refs, '"{commit}"')) == (
        f"line 1, shop.refs: found {found}, expected a pattern of version tags, like ref.{{commit}}: letters, digits, "
        ". _ - and one {commit} or {version}",
    )


def test_empty_list_of_patterns_means_the_default(loaded: Load) -> None:
    project = loaded(REFS.format("[]", "[]")).project(None)
    assert {image.refs for image in project.images} == {("ref.{version}",)}
