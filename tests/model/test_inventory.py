"""The tags of ECR repositories that task definitions name."""

from __future__ import annotations

import pytest

from weco_deploy.model.inventory import EcrTag

IRELAND = EcrTag("111122223333", "eu-west-1", "acme/web", "env.stage")


@pytest.mark.parametrize(
    "host",
    [
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
        "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com",
        "111122223333.dkr-ecr.eu-west-1.on.aws",
    ],
)
def test_tag_is_known_by_each_name_of_its_registry(host: str) -> None:
    assert EcrTag.parse(f"{host}/acme/web:env.stage") == IRELAND


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/acme/web:env.stage",
        "acme/web:env.stage",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme/web@sha256:00",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme/web:env.stage@sha256:00",
    ],
)
def test_image_of_another_registry_or_with_a_digest_has_no_tag_in_ecr(image: str) -> None:
    assert EcrTag.parse(image) is None


def test_image_without_a_tag_is_latest() -> None:
    tag = EcrTag.parse("111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme/web")
    assert tag is not None
    assert str(tag) == "acme/web:latest"
