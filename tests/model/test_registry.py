"""The registries of images, by their host names."""

from __future__ import annotations

import botocore.session
import pytest

from weco_deploy.model.registry import EcrAddress, ImageName, same_registry


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1"),
        ("123456789012.dkr-ecr-fips.us-gov-west-1.on.aws", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1"),
        ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
    ],
)
def test_registry_of_ecr_is_known_by_each_of_its_host_names(host: str, region: str) -> None:
    assert EcrAddress.parse(host) == EcrAddress("123456789012", region)


def test_registries_of_every_partition_are_known() -> None:
    partitions = botocore.session.Session().get_data("endpoints")["partitions"]
    hosts = {
        region: f"123456789012.dkr.ecr.{region}.{partition['dnsSuffix']}"
        for partition in partitions
        for region in partition["regions"]
    }
    assert hosts
    assert [region for region, host in hosts.items() if EcrAddress.parse(host) is None] == []


@pytest.mark.parametrize(
    "host",
    [
        "",
        "ghcr.io",
        "public.ecr.aws",
        "123456789012.dkr.ecr.eu-west-1.example.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com:5000",
        "shop.dkr.ecr.eu-west-1.amazonaws.com",
    ],
)
def test_registry_of_anybody_else_is_not_taken_for_ecr(host: str) -> None:
    assert EcrAddress.parse(host) is None


def test_host_names_of_one_registry_are_the_same_registry() -> None:
    ipv4, dual_stack = "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "123456789012.dkr-ecr.eu-west-1.on.aws"
    assert same_registry(ipv4, dual_stack)
    assert same_registry("localhost:5000", "localhost:5000")
    assert not same_registry("localhost:5000", "localhost:5001")
    assert not same_registry(ipv4, "123456789012.dkr-ecr.eu-west-2.on.aws")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ghcr.io/acme/web:1", ("ghcr.io", "acme/web", "1", False)),
        ("GHCR.io/acme/web", ("ghcr.io", "acme/web", "", False)),
        ("localhost/web:1", ("localhost", "web", "1", False)),
        ("localhost:5000/web@sha256:00", ("localhost:5000", "web", "", True)),
        ("acme/web:1@sha256:00", ("", "acme/web", "1", True)),
        ("nginx", ("", "nginx", "", False)),
    ],
)
def test_image_name_has_the_parts_that_docker_sees(text: str, parts: tuple[str, str, str, bool]) -> None:
    name = ImageName.parse(text)
    assert (name.registry, name.repository, name.tag, name.by_digest) == parts
