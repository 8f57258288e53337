"""The sandbox names clusters and services as the project file does."""

from __future__ import annotations

from dataclasses import replace

from tests.world.projects import project
from weco_deploy.model.project import Address
from weco_deploy.sandbox.estate import USUAL
from weco_deploy.sandbox.provision import services_of_project


def test_services_are_created_by_the_names_of_the_file_and_others_by_those_of_the_estate() -> None:
    made = project({"search": ["search-api", "search-worker"]}, environments=("stage",), project_id="shop")
    address = Address(cluster="catalogue-{environment}", name="{environment}-{service}")

    services = services_of_project(replace(made, addresses={"search-api": address}), "111122223333", USUAL)

    assert [(service.cluster, service.name) for service in services] == [
        ("catalogue-stage", "stage-search-api"),
        ("shop-stage", "search-worker"),
    ]
