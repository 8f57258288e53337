"""What `sandbox start` says the sandbox has."""

from __future__ import annotations

import pytest

from tests.sandbox.projects import project
from weco_deploy.sandbox.welcome import contents


@pytest.mark.parametrize(
    ("environments", "where"), [(("prod",), "prod"), (("stage", "prod"), "each of stage, prod")]
)
def test_contents_name_the_environments(environments: tuple[str, ...], where: str) -> None:
    shop = project(("web", ("web-api",)), environments=environments)

    assert list(contents([shop])) == [f"  shop: 1 image, 1 service in {where}"]
