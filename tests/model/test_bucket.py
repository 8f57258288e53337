"""Places in S3."""

from __future__ import annotations

import pytest

from weco_deploy.errors import UsageError
from weco_deploy.model.bucket import Bucket, bucket_of


@pytest.mark.parametrize(
    ("place", "bucket"),
    [
        ("s3://boards/shop/stage/", Bucket("boards", "shop/stage")),
        ("s3://boards/shop", Bucket("boards", "shop")),
        ("s3://boards/", Bucket("boards")),
        ("s3://my.boards-1", Bucket("my.boards-1")),
        ("site", None),
        ("/var/www/s3:", None),
        ("S3://boards", None),
    ],
)
def test_only_urls_of_s3_name_buckets(place: str, bucket: Bucket | None) -> None:
    assert bucket_of(place) == bucket


@pytest.mark.parametrize(
    "place",
    ["s3://", "s3://ab", "s3:///prefix", "s3://Boards", "s3://-boards", "s3://boards/*", "s3://boards/a b"],
)
def test_invalid_place_in_s3_is_a_usage_error(place: str) -> None:
    with pytest.raises(UsageError, match="names no place in S3"):
        bucket_of(place)


def test_keys_are_below_the_prefix() -> None:
    assert Bucket("boards", "shop").key("index.html") == "shop/index.html"
    assert Bucket("boards").key("index.html") == "index.html"


def test_bucket_reads_as_its_url() -> None:
    assert str(Bucket("boards", "shop")) == "s3://boards/shop"
