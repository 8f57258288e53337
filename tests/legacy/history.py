"""A team's history with 5.x: how it was made, how it is kept in a file, and how it is put into a sandbox again.

What happened, oldest first:

    first    prepared from what was latest, deployed to stage
    second   with a new search; to stage, and then to prod
    third    the second one with new items; to stage
    fourth   with a new search again; never deployed
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from tests.commands.seen import Aws
from tests.legacy.published import Published
from tests.sandbox.rollouts import eventually
from tests.sandboxes import place_of
from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.provision import cluster_name
from weco_deploy.sandbox.running import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FILE = Path(__file__).with_name("written_by_5_7_4.json")
ACCOUNT = "111122223333"
"""The account in the file. It is nobody's: AWS's own examples use it."""

_SOON = ("--confirmation-interval", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What 5.x left behind. Any: these are documents of others, kept as they came.

    `releases`: the ids, oldest first. `table`: as CreateTable takes it; `items`: as DynamoDB has them.
    `tags`: image id → tag → digest. `running`: environment → service → image id → digest.
    `options`: what the command line accepted.
    """

    releases: tuple[str, ...]
    table: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]]
    tags: Mapping[str, Mapping[str, str]]
    running: Mapping[str, Mapping[str, Mapping[str, str]]]
    options: Mapping[str, Any]


def project(account: str) -> Project:
    """The team's project, with everything in one account."""
    return Project(
        id="library",
        name="Library",
        role_arn=f"arn:aws:iam::{account}:role/library-ci",
        account_id=None,
        release_table="wellcome-releases-library",
        environments=(Environment(id="stage", name="Staging"), Environment(id="prod", name="Production")),
        images=(
            Image(id="search", repository="uk.ac.wellcome/search", services=("search-api",)),
            Image(id="items", repository="uk.ac.wellcome/items", services=("items-api", "items-worker")),
        ),
    )


def happen(published: Published, sandbox: Sandbox) -> tuple[str, ...]:
    """Let it happen in a sandbox that holds the project; answers the releases, oldest first."""
    first = published.release("prepare", "--from-label", "latest", "--description", "The first one")
    _deploy(published, first, "stage", "Try the first one")
    sandbox.push("search")
    published.run(
        "release-deploy",
        "--from-label",
        "latest",
        "--environment-id",
        "stage",
        "--description",
        "New search",
        *_SOON,
    )
    second = json.loads(published.run("show-release"))["release_id"]
    _deploy(published, second, "prod", "No description provided")
    sandbox.push("items")
    third = published.release(
        "update", "--release-id", second, "--service-ids", "items", "--from-label", "latest"
    )
    _deploy(published, third, "stage", "New items")
    sandbox.push("search")
    fourth = published.release("prepare", "--from-label", "latest", "--description", "For next week")
    return first, second, third, fourth


def _deploy(published: Published, release: str, environment: str, description: str) -> None:
    published.run(
        "deploy",
        "--release-id",
        release,
        "--environment-id",
        environment,
        "--description",
        description,
        *_SOON,
    )


def taken(sandbox: Sandbox, published: Published, releases: tuple[str, ...]) -> History:
    """What has happened, as it is kept."""
    team = project(sandbox.state.account)
    dynamodb = _dynamodb(sandbox)
    return History(
        releases=releases,
        table=_definition(dynamodb.describe_table(TableName=team.release_table)["Table"]),
        items=sorted(
            dynamodb.scan(TableName=team.release_table)["Items"], key=lambda item: item["date_created"]["S"]
        ),
        tags={image.id: Aws(team, sandbox).tags(image.id) for image in team.images},
        running={each.id: _running(team, sandbox, each) for each in team.environments},
        options=published.options(),
    )


def put_records_back(history: History, sandbox: Sandbox) -> None:
    """Put the table and the images into a sandbox that holds the project."""
    team, dynamodb = project(sandbox.state.account), _dynamodb(sandbox)
    dynamodb.create_table(**history.table)
    for item in history.items:
        dynamodb.put_item(TableName=team.release_table, Item=item)
    for image in team.images:
        _push_back(history, sandbox, image)


def put_back(history: History, sandbox: Sandbox) -> None:
    """Bring a sandbox that holds the project to where 5.x left it: also its tags, and what its services run."""
    team = project(sandbox.state.account)
    put_records_back(history, sandbox)
    forgotten = list(_forgotten(history, team))
    for environment, service in forgotten:
        for image_id, digest in history.running[environment.id][service].items():
            _tag(sandbox, team.image(image_id), environment.tag, digest)
    _redeploy(team, sandbox, forgotten)
    for image in team.images:
        for tag, digest in history.tags[image.id].items():
            _tag(sandbox, image, tag, digest)
    everywhere = [(environment, service) for environment in team.environments for service in team.services]
    _redeploy(team, sandbox, [each for each in everywhere if each not in forgotten])


def _forgotten(history: History, team: Project) -> Iterator[tuple[Environment, str]]:
    """The services that do not run what their tags point at: 5.x redeployed only the last one of an image."""
    for environment in team.environments:
        for service, images in history.running[environment.id].items():
            if any(digest != history.tags[image][environment.tag] for image, digest in images.items()):
                yield environment, service


def _push_back(history: History, sandbox: Sandbox, image: Image) -> None:
    """An image of the sandbox is its repository's name and its commit: the same ones, the same digest."""
    for tag, digest in history.tags[image.id].items():
        if tag.startswith("ref."):
            assert sandbox.push(image.id, commit=tag.removeprefix("ref.")).digest == digest


def _tag(sandbox: Sandbox, image: Image, tag: str, digest: str) -> None:
    ecr = LocalAws(sandbox.endpoint).ecr(place_of(sandbox))
    found = ecr.batch_get_image(repositoryName=image.repository, imageIds=[{"imageDigest": digest}])[
        "images"
    ][0]
    ecr.put_image(
        repositoryName=image.repository,
        imageManifest=found["imageManifest"],
        imageManifestMediaType=found["imageManifestMediaType"],
        imageTag=tag,
    )


def _redeploy(team: Project, sandbox: Sandbox, services: Sequence[tuple[Environment, str]]) -> None:
    """Have them run what their tags point at now."""
    ecs = LocalAws(sandbox.endpoint).ecs(place_of(sandbox))
    for environment, service in services:
        ecs.update_service(cluster=cluster_name(team, environment), service=service, forceNewDeployment=True)

    def done(environment: Environment, service: str) -> bool:
        found = ecs.describe_services(cluster=cluster_name(team, environment), services=[service])[
            "services"
        ][0]
        return [each["rolloutState"] for each in found["deployments"]] == ["COMPLETED"]

    for environment, service in services:
        eventually(partial(done, environment, service))


def _running(team: Project, sandbox: Sandbox, environment: Environment) -> dict[str, dict[str, str]]:
    seen = Aws(team, sandbox).running(environment.id)
    return {
        service: {image: digest for image, (digest,) in images.items()} for service, images in seen.items()
    }


def read(account: str) -> History:
    """The history of the file, as if it had happened in that account."""
    kept = json.loads(FILE.read_text().replace(ACCOUNT, account))
    return History(**{**kept, "releases": tuple(kept["releases"])})


def write(history: History) -> None:
    kept = {
        "releases": history.releases,
        "table": history.table,
        "items": history.items,
        "tags": history.tags,
        "running": history.running,
        "options": history.options,
    }
    FILE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def _definition(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """A table as it is described, as it would be made. Any: as above."""
    throughput = ("ReadCapacityUnits", "WriteCapacityUnits")
    return {
        "TableName": table["TableName"],
        "KeySchema": table["KeySchema"],
        "AttributeDefinitions": table["AttributeDefinitions"],
        "ProvisionedThroughput": {key: table["ProvisionedThroughput"][key] for key in throughput},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index["IndexName"],
                "KeySchema": index["KeySchema"],
                "Projection": index["Projection"],
                "ProvisionedThroughput": {key: index["ProvisionedThroughput"][key] for key in throughput},
            }
            for index in table["GlobalSecondaryIndexes"]
        ],
    }


def _dynamodb(sandbox: Sandbox) -> DynamoDBClient:
    place = place_of(sandbox)
    return boto3.session.Session().client(
        "dynamodb",
        endpoint_url=sandbox.endpoint,
        region_name=place.region,
        aws_access_key_id=place.account,
        aws_secret_access_key="any",
    )
