"""Uploading a site: the page that readers begin with comes last."""

from __future__ import annotations

import pytest

from tests.world import World
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AccessDenied
from weco_deploy.model.bucket import Bucket
from weco_deploy.operations.upload_site import upload_site

PAGES = {"index.html": "first", "environments/prod.html": "prod", "environments/stage.html": "stage"}


def test_all_pages_are_written_below_the_prefix_and_the_first_page_last() -> None:
    world = World.of(ONE_AND_ONE)
    ports = world.ports()

    upload_site(ports, ports.site(Bucket("boards", "shop")), PAGES, "index.html")

    assert world.site == {f"s3://boards/shop/{path}": page for path, page in PAGES.items()}
    assert list(world.site)[-1] == "s3://boards/shop/index.html"


def test_first_page_stays_as_it_was_if_another_can_not_be_written() -> None:
    world = World.of(ONE_AND_ONE)
    world.fail("site.put", AccessDenied("s3:PutObject", "not allowed"), times=1)
    ports = world.ports()

    with pytest.raises(AccessDenied):
        upload_site(ports, ports.site(Bucket("boards")), PAGES, "index.html")

    assert "s3://boards/index.html" not in world.site
