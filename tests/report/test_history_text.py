from __future__ import annotations

from dataclasses import replace

from rich.text import Text

from tests.report.samples import NOON, deployment, digest, release
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.release import ImageVersion, ReleaseDeployment
from weco_deploy.model.requests import DEFAULT_DESCRIPTION
from weco_deploy.model.results import LabelledImage
from weco_deploy.report.history_text import deployments_text, images_text, releases_text
from weco_deploy.report.screen import Screen

BUILD = "https://builds.example.org/catalogue/1234"


def deployed_to(environment: str) -> ReleaseDeployment:
    return ReleaseDeployment(environment=environment, date_created=NOON, requested_by="ada", description="")


def test_releases_have_a_row_each() -> None:
    deployed = release(
        build_url=BUILD, deployments=(deployed_to("stage"), deployed_to("prod"), deployed_to("stage"))
    )
    assert releases_text((deployed, release({}, description="Empty")), Screen()) == (
        """\
made (UTC)        release   images  from    deployed to  by   description     build
2026-03-04 12:00  8f14e45f  2       latest  stage, prod  ada  Weekly release  https://builds.example.org/catalogue/1234
2026-03-04 12:00  8f14e45f  0       latest               ada  Empty
"""
    )


def test_deployments_have_a_row_each() -> None:
    both = (
        deployment(DeploymentStatus.ROLLED_BACK, build_url=BUILD),
        deployment(DeploymentStatus.UNVERIFIED),
    )
    assert deployments_text(both, Screen()) == (
        """\
begun (UTC)       id        release   to    status       kind    took        by   description     build
2026-03-04 12:00  45c48cce  8f14e45f  prod  rolled_back  deploy  3 min 12 s  ada  Weekly release  https://builds.example.org/catalogue/1234
2026-03-04 12:00  45c48cce  8f14e45f  prod  unverified   deploy  3 min 12 s  ada  Weekly release
"""
    )


def test_long_columns_are_below_on_a_terminal() -> None:
    deployed = replace(
        deployment(DeploymentStatus.INTERRUPTED, build_url=BUILD),
        requested_by="arn:aws:sts::123456789012:assumed-role/ci-deployer/eve@example.org",
    )
    text = deployments_text((deployed,), Screen(width=80, terminal=True))
    assert text.endswith(f"\n    eve@example.org (role ci-deployer)\n    Weekly release\n    {BUILD}\n")
    assert max(len(line) for line in Text.from_ansi(text).plain.splitlines()) <= 80


def test_columns_that_are_empty_everywhere_are_left_out() -> None:
    bare = replace(deployment(DeploymentStatus.IN_PROGRESS), description=DEFAULT_DESCRIPTION)
    heading = deployments_text((bare,), Screen()).splitlines()[0].split("  ")
    assert [name.strip() for name in heading if name] == [
        "begun (UTC)",
        "id",
        "release",
        "to",
        "status",
        "kind",
        "by",
    ]


def test_prose_is_wrapped_in_a_file_but_not_a_long_url() -> None:
    url = f"https://builds.example.org/{'x' * 150}"
    described = deployment(build_url=url, description="so many words " * 12)
    lines = deployments_text((described,), Screen()).splitlines()
    assert url in lines[1]
    assert len(lines) > 2


def test_empty_lists_name_a_command() -> None:
    assert releases_text((), Screen()) == "No releases yet. Make one: weco-deploy prepare\n"
    assert deployments_text((), Screen()) == "No deployments yet. Make one: weco-deploy deploy\n"


def test_command_in_an_empty_list_has_the_global_options() -> None:
    shop = ("--project-id", "shop")
    assert releases_text((), Screen(), shop).endswith(": weco-deploy --project-id shop prepare\n")
    assert deployments_text((), Screen(), shop).endswith(": weco-deploy --project-id shop deploy\n")
    assert images_text("latest", {}, Screen()) == "The project has no images.\n"


def test_images_of_a_label() -> None:
    images = {
        "search": LabelledImage(
            digest=digest("a"), version=ImageVersion(ref=f"ref.{'b' * 40}"), pushed_at=NOON
        ),
        "items": LabelledImage(digest=digest("c"), version=None, remark="an index; of its 2 children …"),
        "works": None,
    }
    assert images_text("latest", images, Screen()) == (
        """\
Images labelled latest:
  image   version        pushed (UTC)
  search  bbbbbbb        2026-03-04 12:00
  items   cccccccccccc
  works   no such label
"""
        f"items: latest points at {digest('c')}, an index; of its 2 children …\n"
    )
