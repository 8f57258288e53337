"""The shape of the project file. Its JSON Schema and the words of many errors come from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, RootModel, Tag

from weco_deploy.config import patterns
from weco_deploy.config.nodes import KeyPath
from weco_deploy.config.patterns import EXPECTED

EnvironmentId: TypeAlias = Annotated[str, patterns.ENVIRONMENT_ID]
ImageId: TypeAlias = Annotated[str, patterns.IMAGE_ID]
ProjectId: TypeAlias = Annotated[str, patterns.PROJECT_ID]
ServiceId: TypeAlias = Annotated[str, patterns.SERVICE_ID]
Cluster: TypeAlias = Annotated[str, patterns.CLUSTER]
AccountId: TypeAlias = Annotated[str | None, patterns.ACCOUNT_ID]
Name: TypeAlias = Annotated[str | None, patterns.NAME]
Namespace: TypeAlias = Annotated[str | None, patterns.NAMESPACE]
Region: TypeAlias = Annotated[str | None, patterns.REGION]
Repository: TypeAlias = Annotated[str | None, patterns.REPOSITORY]
RoleArn: TypeAlias = Annotated[str | None, patterns.ROLE_ARN]
Table: TypeAlias = Annotated[str | None, patterns.TABLE]

# pydantic puts the tag of the branch that it took into an error's location; these stand in no file.
_BRANCHES: Mapping[type, str] = {str: "<id>", list: "<ids>", dict: "<mapping>"}
BRANCHES = frozenset(_BRANCHES.values())


def _listed(value: object) -> object:
    return [] if value is None else value


# An empty list is often written as a key with nothing behind it.
NothingIsEmpty = BeforeValidator(_listed)


def _branch(value: object) -> str | None:
    return _BRANCHES.get(type(value))


def _one_of(what: str) -> Discriminator:
    return Discriminator(
        _branch,
        custom_error_type=EXPECTED,
        custom_error_message="expected {what}",
        custom_error_context={"what": what},
    )


class Entry(BaseModel):
    """A mapping of the file. Keys that nobody knows are warned of by spelling.py, not refused."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra={"additionalProperties": False})


class ServiceEntry(Entry):
    id: ServiceId = Field(description="its id: the value of the ECS service's tag deployment:service")


class EnvironmentEntry(Entry):
    id: EnvironmentId = Field(
        description="its id: images get the tag env.<id>, services have deployment:env = <id>"
    )
    name: Name = Field(default=None, description="its name for people; default: the id")
    role_arn: RoleArn = Field(default=None, description="the role that reaches its ECS, if not the project's")
    region_name: Region = Field(default=None, description="the region of its ECS, if not the project's")
    requires: Annotated[
        Annotated[EnvironmentId, Tag("<id>")] | Annotated[list[EnvironmentId], Tag("<ids>")],
        _one_of("an environment id or a list of them"),
        NothingIsEmpty,
    ] = Field(
        default=[], description="environments in which a release must have succeeded before it may come here"
    )
    on_failure: Literal["leave", "rollback"] = Field(
        default="leave",
        description="what a failed deployment does: leave things as they are, or roll back; a failed rollback leaves them",
    )


class ImageEntry(Entry):
    id: ImageId = Field(description="its id in this project")
    repository: Repository = Field(
        default=None, description="the full name of its ECR repository; default: <namespace>/<id>"
    )
    services: Annotated[
        list[
            Annotated[
                Annotated[ServiceId, Tag("<id>")] | Annotated[ServiceEntry, Tag("<mapping>")],
                _one_of("a service id or a mapping with the key id"),
            ]
        ],
        NothingIsEmpty,
    ] = Field(default=[], description="the services that run this image")


class ProjectEntry(Entry):
    name: Name = Field(default=None, description="its name for people; default: the id")
    role_arn: RoleArn = Field(
        default=None, description="the role to act as; default: the caller's credentials"
    )
    region_name: Region = Field(default=None, description="its AWS region; default: eu-west-1")
    aws_region_name: Region = Field(default=None, description="the same as region_name")
    account_id: AccountId = Field(default=None, description="the only account that this may be done in")
    namespace: Namespace = Field(
        default=None, description="what its ECR repositories' names begin with; default: uk.ac.wellcome"
    )
    release_table: Table = Field(
        default=None, description="the DynamoDB table of its records; default: wellcome-releases-<project id>"
    )
    clusters: Annotated[list[Cluster], NothingIsEmpty] = Field(
        default=[], description="the ECS clusters to look for its services in"
    )
    environments: list[EnvironmentEntry] = Field(
        min_length=1, description="a list of the environments that releases are deployed to"
    )
    image_repositories: list[ImageEntry] = Field(
        min_length=1, description="a list of its images and the services that run them"
    )


class FileEntry(RootModel[Annotated[dict[ProjectId, ProjectEntry], Field(min_length=1)]]):
    """A project file: projects by their ids."""


_ENTRIES: Mapping[str | int, type[Entry]] = {
    "environments": EnvironmentEntry,
    "image_repositories": ImageEntry,
    "services": ServiceEntry,
}


def entry_at(path: KeyPath) -> type[Entry]:
    """What the mapping at `path` is: a project at the top, else an item of one of its lists."""
    return ProjectEntry if len(path) == 1 else _ENTRIES[path[-2]]


def json_schema() -> Mapping[str, object]:
    """The JSON Schema (draft 2020-12) of the project file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **FileEntry.model_json_schema()}
