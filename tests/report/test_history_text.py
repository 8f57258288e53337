from __future__ import annotations

from dataclasses import replace

import pytest
from rich.text import Text

from tests.report.samples import NOON, deployment, digest, later, release
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.kind import Kind
from weco_deploy.model.release import ImageVersion, ReleaseDeployment
from weco_deploy.model.requests import DEFAULT_DESCRIPTION
from weco_deploy.model.results import LabelledImage
from weco_deploy.report.history_text import deployments_text, images_text, releases_text
from weco_deploy.report.screen import Screen
from weco_deploy.report.wording import brief_moment

BUILD = "https://builds.example.org/catalogue/1234"


def deployed_to(environment: str) -> ReleaseDeployment:
    return ReleaseDeployment(environment=environment, date_created=NOON, requested_by="ada", description="")


def test_releases_have_a_row_each() -> None:
    deployed = release(
        build_url=BUILD, deployments=(deployed_to("stage"), deployed_to("prod"), deployed_to("stage"))
    )
    assert releases_text((deployed, release({}, description="Empty")), Screen(), NOON) == (
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
    assert deployments_text(both, Screen(), NOON) == (
        """\
begun (UTC)       id        release   to    status       kind    took        by   description     build
2026-03-04 12:00  45c48cce  8f14e45f  prod  rolled back  deploy  3 min 12 s  ada  Weekly release  https://builds.example.org/catalogue/1234
2026-03-04 12:00  45c48cce  8f14e45f  prod  unverified   deploy  3 min 12 s  ada  Weekly release
"""
    )


ONE_PERSON = (
    "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_PowerUserAccess_0123456789abcdef/eve@example.org"
)
A_PIPELINE = "arn:aws:sts::123456789012:assumed-role/catalogue-ci/GitHubActions"


def on_a_terminal(text: str) -> list[str]:
    return Text.from_ansi(text).plain.splitlines()


def test_deployments_of_real_identities_have_two_lines_each_on_a_terminal() -> None:
    both = (
        replace(
            deployment(DeploymentStatus.ROLLED_BACK, build_url=BUILD, description=DEFAULT_DESCRIPTION),
            requested_by=A_PIPELINE,
        ),
        replace(
            deployment(DeploymentStatus.SUCCEEDED),
            requested_by=ONE_PERSON,
            kind=Kind.ROLLBACK,
            environment="production",
            date_created=later(-24 * 3600),
        ),
    )
    shown = deployments_text(both, Screen(width=80, terminal=True), later(7200))
    assert on_a_terminal(shown) == [
        "begun            id        release   to          status       kind      took",
        "today 12:00      45c48cce  8f14e45f  prod        rolled back  deploy    3m 12s",
        f"    GitHubActions (role catalogue-ci)  {BUILD}"[:80],
        "yesterday 12:00  45c48cce  8f14e45f  production  succeeded    rollback  24h 03m",
        "    eve@example.org  Weekly release",
    ]


def test_releases_fit_a_terminal() -> None:
    deployed = replace(
        release(deployments=(deployed_to("stage"), deployed_to("prod")), build_url=BUILD),
        requested_by=ONE_PERSON,
    )
    shown = releases_text(
        (deployed,),
        Screen(width=80, terminal=True),
        later(3 * 24 * 3600),
        (),
        {deployed.release_id: {"prod": DeploymentStatus.ROLLED_BACK}},
    )
    assert on_a_terminal(shown) == [
        "made       release   images  from    deployed to                by",
        "Wed 12:00  8f14e45f  2       latest  stage, prod (rolled back)  eve@example.org",
        f"    Weekly release  {BUILD}",
    ]


def test_longest_texts_wrap_below_the_row() -> None:
    deployed = deployment(build_url=f"{BUILD}/{'x' * 100}", description="so many words " * 12)
    shown = on_a_terminal(deployments_text((deployed,), Screen(width=80, terminal=True), NOON))
    assert max(map(len, shown)) <= 80
    assert any("so many words" in line for line in shown[2:])


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        (0, "today 12:00"),
        (1, "yesterday 12:00"),
        (6, "Wed 12:00"),
        (7, "4 Mar 12:00"),
        (302, "4 Mar 12:00"),
        (303, "4 Mar 2026"),
    ],
)
def test_moment_for_narrow_columns(days: int, shown: str) -> None:
    assert brief_moment(NOON, later(days * 24 * 3600)) == shown


def test_columns_that_are_empty_everywhere_are_left_out() -> None:
    bare = replace(deployment(DeploymentStatus.IN_PROGRESS), description=DEFAULT_DESCRIPTION)
    heading = deployments_text((bare,), Screen(), NOON).splitlines()[0].split("  ")
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
    lines = deployments_text((described,), Screen(), NOON).splitlines()
    assert url in lines[1]
    assert len(lines) > 2


def test_empty_lists_name_a_command() -> None:
    assert releases_text((), Screen(), NOON) == "No releases yet. Make one: weco-deploy prepare\n"
    assert deployments_text((), Screen(), NOON) == "No deployments yet. Make one: weco-deploy deploy\n"


def test_command_in_an_empty_list_has_the_global_options() -> None:
    shop = ("--project-id", "shop")
    assert releases_text((), Screen(), NOON, shop).endswith(": weco-deploy --project-id shop prepare\n")
    assert deployments_text((), Screen(), NOON, shop).endswith(": weco-deploy --project-id shop deploy\n")
    assert images_text("latest", {}, Screen(), NOON) == "The project has no images.\n"


def test_images_of_a_label() -> None:
    images = {
        "search": LabelledImage(
            digest=digest("a"), version=ImageVersion(ref=f"ref.{'b' * 40}"), pushed_at=NOON
        ),
        "items": LabelledImage(digest=digest("c"), version=None, remark="an index; of its 2 children …"),
        "works": None,
    }
    assert images_text("latest", images, Screen(), NOON) == (
        """\
Images labelled latest:
  image   version        pushed (UTC)
  search  bbbbbbb        2026-03-04 12:00
  items   cccccccccccc
  works   no such label
"""
        f"items: latest points at {digest('c')}, an index; of its 2 children …\n"
    )
