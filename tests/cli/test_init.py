"""`init`: prints or writes a project file, and never overwrites one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.desk import Ran
from tests.world.estates import CATALOGUE_API, STORAGE, world_of
from tests.world.state import ACCOUNT
from tests.world.world import World
from weco_deploy import config
from weco_deploy.cli.main import run
from weco_deploy.errors import AccessDenied
from weco_deploy.local.interrupts import Signals
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import DefinedContainer
from weco_deploy.pipeline.inventory import InventoryReader, Report

ALIEN = (DefinedContainer(name="nginx", image="nginx:1"),)
"""The containers of a service that no project has."""
FILE = Path(".wellcome_project")


class Newcomer:
    """The command line in a directory without a project file, with an estate as AWS."""

    def __init__(
        self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.world = world
        self.templates: list[Project] = []
        self.purposes: list[str] = []
        self.before_writing: Callable[[], object] = lambda: None
        self._capsys = capsys
        monkeypatch.setattr("weco_deploy.connect.inventory_reader", self._reader)

    def run(self, *arguments: str) -> Ran:
        code = run(arguments)
        return Ran(code, *self._capsys.readouterr())

    def _reader(
        self, template: Project, _: Signals, *, purpose: str, report: Report, **_others: object
    ) -> tuple[Project, InventoryReader]:
        self.templates.append(template)
        self.purposes.append(purpose)
        self.before_writing()
        ports = self.world.ports(template)
        reader = InventoryReader(
            ports.runtime(Environment(id="", name="")), ports.registry, ports.calls, report
        )
        return replace(template, account_id=ACCOUNT), reader


@pytest.fixture
def newcomer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Newcomer:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    return Newcomer(world_of(CATALOGUE_API), monkeypatch, capsys)


def test_print_shows_the_file_on_stdout_and_writes_none(newcomer: Newcomer) -> None:
    ran = newcomer.run("init", "--print")

    assert ran.code == 0
    assert (
        ran.out
        == f"""\
# yaml-language-server: $schema=.wellcome_project.schema.json
# With the schema, editors complete and check this file. To write it:
#   weco-deploy schema > .wellcome_project.schema.json
here:
  account_id: '{ACCOUNT}'
  region_name: eu-west-1
  cluster: catalogue-api-2021-04-26
  service_name: '{{environment}}-{{service}}'
  environments:
    - id: stage
    - id: prod
  image_repositories:
    - id: concepts
      services:
        - concepts-api
    - id: items
      services:
        - items-api
    - id: search
      services:
        - search-api
"""
    )
    assert not FILE.exists()


def test_write_creates_the_file_that_print_shows(newcomer: Newcomer) -> None:
    printed = newcomer.run("init", "--print").out

    ran = newcomer.run("init", "--write")

    assert ran.code == 0
    assert FILE.read_text() == printed
    assert ran.out.splitlines()[:2] == [
        ".wellcome_project is written: project here",
        "  stage, prod: 3 images, 3 services",
    ]
    assert ran.out.splitlines()[-5:] == [
        "Next:",
        "  weco-deploy doctor",
        "  weco-deploy prepare",
        "  weco-deploy plan --environment-id stage",
        "  weco-deploy release-deploy --environment-id stage",
    ]


def test_file_that_exists_is_not_overwritten_and_aws_is_not_asked(newcomer: Newcomer) -> None:
    FILE.write_text("mine")

    ran = newcomer.run("init", "--write")

    assert ran.code == 2
    assert ".wellcome_project exists already, and is not overwritten" in ran.err
    assert FILE.read_text() == "mine"
    assert newcomer.templates == []


def test_file_that_is_created_meanwhile_is_not_overwritten(newcomer: Newcomer) -> None:
    newcomer.before_writing = lambda: FILE.write_text("mine")

    ran = newcomer.run("--output", "json", "init", "--write")

    assert (ran.code, ran.error["code"]) == (2, "usage")
    assert FILE.read_text() == "mine"


def test_dangling_link_counts_as_a_file(newcomer: Newcomer) -> None:
    FILE.symlink_to("nowhere")

    assert newcomer.run("init", "--write").code == 2
    assert not Path("nowhere").exists()


def test_print_works_beside_a_file(newcomer: Newcomer) -> None:
    FILE.write_text("mine")

    assert newcomer.run("init", "--print").code == 0
    assert FILE.read_text() == "mine"


def test_dry_run_of_write_prints_the_file_and_writes_none(newcomer: Newcomer) -> None:
    ran = newcomer.run("--dry-run", "init", "--write")

    assert ran.code == 0
    assert ran.out.startswith("# yaml-language-server")
    assert "dry run" in ran.err
    assert not FILE.exists()


@pytest.mark.parametrize("flags", [(), ("--print", "--write")])
def test_neither_or_both_of_print_and_write_is_bad_usage(newcomer: Newcomer, flags: tuple[str, ...]) -> None:
    ran = newcomer.run("init", *flags)

    assert ran.code == 2
    assert "--print and --write: expected one of them" in ran.err


def test_global_options_are_written_to_the_file(newcomer: Newcomer) -> None:
    Path("sub").mkdir()
    role = f"arn:aws:iam::{ACCOUNT}:role/catalogue-ci"

    ran = newcomer.run(
        "--project-file", "sub/file.yml", "--project-id", "catalogue", "--role-arn", role, "--region-name", "eu-west-1",
        "init", "--write",
    )  # fmt: skip

    assert ran.code == 0, ran.err
    project = config.load(Path("sub/file.yml")).project("catalogue")
    assert (project.role_arn, project.region_name, project.account_id) == (role, "eu-west-1", ACCOUNT)
    assert "  weco-deploy --project-file sub/file.yml plan --environment-id stage" in ran.out.splitlines()
    assert newcomer.purposes == ["init catalogue"]


def test_project_is_named_after_the_directory_of_the_file(newcomer: Newcomer) -> None:
    Path("My shop!").mkdir()

    newcomer.run("--project-file", "My shop!/.wellcome_project", "init", "--write")

    assert config.load(Path("My shop!/.wellcome_project")).project(None).id == "My-shop"


def test_region_is_that_of_the_environment_unless_it_is_given(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer.run("init", "--print")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    newcomer.run("init", "--print")
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    newcomer.run("init", "--print")
    newcomer.run("--region-name", "eu-west-3", "init", "--print")

    assert [template.region_name for template in newcomer.templates] == [
        "eu-west-1",
        "us-east-1",
        "eu-west-2",
        "eu-west-3",
    ]


@pytest.mark.parametrize(
    ("option", "value"), [("--project-id", "a b"), ("--region-name", "Ireland"), ("--role-arn", "ci")]
)
def test_global_option_that_a_file_would_not_accept_is_bad_usage(
    newcomer: Newcomer, option: str, value: str
) -> None:
    ran = newcomer.run(option, value, "init", "--print")

    assert ran.code == 2
    assert option in ran.err


def test_what_is_left_out_is_on_stderr_after_print(newcomer: Newcomer) -> None:
    newcomer.world.run(newcomer.world.place, CATALOGUE_API.key("stage", "alien"), ALIEN, None)

    printed, written = newcomer.run("init", "--print"), newcomer.run("init", "--write")

    assert "nginx:1: not in ECR" in printed.err
    assert "nginx" not in printed.out
    assert "nginx:1: not in ECR" in written.out


def test_json_has_the_file_the_services_and_what_is_left_out(newcomer: Newcomer) -> None:
    newcomer.world.run(newcomer.world.place, CATALOGUE_API.key("stage", "alien"), ALIEN, None)

    ran = newcomer.run("--output", "json", "init", "--write")

    document = ran.json["init"]
    assert document["written"] == ".wellcome_project"
    assert document["project_file"] == FILE.read_text()
    assert document["environments"] == ["stage", "prod"]
    assert document["images"][0] == {
        "image_id": "concepts",
        "repository": "uk.ac.wellcome/concepts",
        "services": ["concepts-api"],
    }
    assert document["services"][0] == {
        "service_id": "concepts-api",
        "found_by": "name",
        "optional": False,
        "names": {
            "stage": "catalogue-api-2021-04-26/stage-concepts-api",
            "prod": "catalogue-api-2021-04-26/prod-concepts-api",
        },
    }
    assert document["left_out"] == [
        {"name": "catalogue-api-2021-04-26/stage-alien", "reason": "nginx:1: not in ECR"}
    ]


def test_json_of_print_says_that_nothing_is_written(newcomer: Newcomer) -> None:
    assert newcomer.run("--output", "json", "init", "--print").json["init"]["written"] is None


def test_cluster_and_repository_patterns_may_be_given_several_times(newcomer: Newcomer) -> None:
    ran = newcomer.run(
        "--output", "json", "init", "--print", "--cluster", "x", "--cluster", "catalogue-*",
        "--repository", "*/search", "--repository", "*/items",
    )  # fmt: skip

    assert [image["image_id"] for image in ran.json["init"]["images"]] == ["items", "search"]


def test_nothing_that_fits_is_an_error_and_no_file(newcomer: Newcomer) -> None:
    ran = newcomer.run("--output", "json", "init", "--write", "--cluster", "shop-*")

    assert (ran.code, ran.error["code"]) == (1, "not_found")
    assert not FILE.exists()


def test_denied_call_is_an_error_and_no_file(newcomer: Newcomer) -> None:
    newcomer.world.fail("runtime.describe", AccessDenied("ecs:DescribeServices", "not allowed"))

    ran = newcomer.run("--output", "json", "init", "--write")

    assert (ran.code, ran.error["code"]) == (1, "access_denied")
    assert "ecs:DescribeServices" in ran.error["message"]
    assert not FILE.exists()


def test_file_that_can_not_be_written_is_an_error_that_says_why(newcomer: Newcomer) -> None:
    ran = newcomer.run("--project-file", "nowhere/file.yml", "--project-id", "shop", "init", "--write")

    assert ran.code == 1
    assert "nowhere/file.yml could not be written: No such file or directory" in ran.err


def test_every_line_fits_a_terminal(newcomer: Newcomer) -> None:
    newcomer.world = world_of(STORAGE)

    out = newcomer.run("init", "--write").out

    assert max(map(len, out.splitlines())) <= 80
