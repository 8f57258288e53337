"""The keys of the project file, with their types, descriptions and examples: validates a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    RootModel,
    Tag,
    ValidationError,
)
from pydantic_core import CoreSchema, core_schema

from weco_deploy.config import patterns
from weco_deploy.config.nodes import KeyPath, Node, Problem, value_text
from weco_deploy.config.patterns import EXPECTED

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

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
ClusterTemplate: TypeAlias = Annotated[str | None, patterns.CLUSTER_TEMPLATE]
ServiceNameTemplate: TypeAlias = Annotated[str | None, patterns.SERVICE_NAME_TEMPLATE]
NullableServiceName: TypeAlias = Annotated[str, patterns.SERVICE_NAME_TEMPLATE] | None
Branch: TypeAlias = Annotated[str | None, patterns.BRANCH]
Ref: TypeAlias = Annotated[str, patterns.REF]
TagTemplate: TypeAlias = Annotated[str | None, patterns.TAG_TEMPLATE]
Variable: TypeAlias = Annotated[str, patterns.VARIABLE]
VariableValue: TypeAlias = Annotated[str, patterns.VALUE]
StableFor: TypeAlias = Annotated[float | None, patterns.SECONDS]
Table: TypeAlias = Annotated[str | None, patterns.TABLE]

# A field of several types has a tag for each type. pydantic adds the tag to an error's location, although it is not in the
# file.
_TYPE_TAGS: Mapping[type, str] = {str: "<id>", list: "<ids>", dict: "<mapping>"}


@dataclass(frozen=True, slots=True)
class NoneIs:
    """Annotates a list or mapping: a key without a value is this empty one, because people often write it so."""

    empty: list[Any] | dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: self.empty if value is None else value, handler(source)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "null"}]}


NoneIsEmpty = NoneIs([])


def _type_tag(value: object) -> str | None:
    return _TYPE_TAGS.get(type(value))


def _by_type(description: str) -> Discriminator:
    """Chooses one of a field's types by the type of the value."""
    return Discriminator(
        _type_tag,
        custom_error_type=EXPECTED,
        custom_error_message="expected {description}",
        custom_error_context={"description": description},
    )


Refs: TypeAlias = Annotated[
    Annotated[Ref, Tag("<id>")] | Annotated[list[Ref], Tag("<ids>")],
    _by_type("a pattern or a list of them"),
]


class Entry(BaseModel):
    """A mapping in the file. It ignores unknown keys: spelling.py warns about them.

    An editor warns about them, too, with the `deprecationMessage` of the editors' language servers. JSON Schema itself
    has no warnings, only errors.
    """

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        json_schema_extra={"additionalProperties": {"deprecationMessage": "unknown key, ignored"}},
    )


class ServiceEntry(Entry, title="service"):
    id: ServiceId = Field(
        description="its id: the value of the ECS service's tag deployment:service", examples=["search-api"]
    )
    optional: bool = Field(
        default=False, description="whether an environment may lack it; default: false", examples=[True]
    )
    deployed_by: Literal["other"] | None = Field(
        default=None,
        description="`other`: something else deploys it, so weco-deploy leaves it out",
        examples=["other"],
    )
    cluster: ClusterTemplate = Field(
        default=None,
        description="the cluster of its ECS service, if it has a name; default: the project's cluster",
        examples=["search-{environment}"],
    )
    name: NullableServiceName = Field(
        default=None,
        description="the name of its ECS service; default: the project's service_name; empty: it is found by its tags",
        examples=["{environment}-search", None],
    )


class EnvironmentEntry(Entry, title="environment"):
    id: EnvironmentId = Field(
        description="its id: the {environment} in templates, and the value of its services' tag deployment:env",
        examples=["stage", "prod"],
    )
    name: Name = Field(
        default=None, description="its name for people; default: the id", examples=["Production"]
    )
    role_arn: RoleArn = Field(
        default=None,
        description="the role that reaches its ECS, if not the project's",
        examples=["arn:aws:iam::444455556666:role/bookshop-prod-ci"],
    )
    region_name: Region = Field(
        default=None, description="the region of its ECS, if not the project's", examples=["eu-west-2"]
    )
    requires: Annotated[
        Annotated[EnvironmentId, Tag("<id>")] | Annotated[list[EnvironmentId], Tag("<ids>")],
        _by_type("an environment id or a list of them"),
        NoneIsEmpty,
    ] = Field(
        default=[],
        description="environments in which a release must have succeeded before it may come here",
        examples=["stage", ["stage", "qa"]],
    )
    on_failure: Literal["leave", "rollback"] = Field(
        default="leave",
        description="what a failed deployment does: leave things as they are, or roll back; a failed rollback leaves them",
        examples=["rollback"],
    )
    variables: Annotated[dict[Variable, VariableValue], NoneIs({})] = Field(
        default={},
        description="texts for the project's templates, where {<name>} stands for its text",
        examples=[{"account": "live"}],
    )
    stable_for: StableFor = Field(
        default=None,
        description="seconds for which its tasks must have been running; default: 10; 0 turns it off",
        examples=[30],
    )
    old_tasks: Literal["leave", "wait"] = Field(
        default="leave",
        description="whether a deployment succeeds while old tasks are protected from scale-in or ECS removes them later, "
        "or waits for them",
        examples=["wait"],
    )
    backwards: Literal["refuse", "warn", "allow"] = Field(
        default="warn",
        description="what a deployment does if git does not show that an image moves forward: refuse, warn or allow; default: warn",
        examples=["refuse"],
    )


class ImageEntry(Entry, title="image"):
    id: ImageId = Field(description="its id in this project", examples=["search"])
    repository: Repository = Field(
        default=None,
        description="the full name of its ECR repository; default: <namespace>/<id>",
        examples=["org.example.shared/indexer"],
    )
    optional: bool = Field(
        default=False, description="whether a release may lack it; default: false", examples=[True]
    )
    services: Annotated[
        list[
            Annotated[
                Annotated[ServiceId, Tag("<id>")] | Annotated[ServiceEntry, Tag("<mapping>")],
                _by_type("a service id or a mapping with the key id"),
            ]
        ],
        NoneIsEmpty,
    ] = Field(
        default=[],
        description="the services that run this image",
        examples=[["search-api"], [{"id": "search-api"}]],
    )
    tag: TagTemplate = Field(
        default=None,
        description="the template of its floating tags; default: the project's tag",
        examples=["content-env.{environment}"],
    )
    refs: Refs = Field(
        default=[],
        description="patterns of its version tags; default: the project's refs",
        examples=["v{version}"],
    )


class ProjectEntry(Entry, title="project"):
    name: Name = Field(
        default=None, description="its name for people; default: the id", examples=["The bookshop"]
    )
    role_arn: RoleArn = Field(
        default=None,
        description="the role to act as; default: the caller's credentials",
        examples=["arn:aws:iam::111122223333:role/bookshop-ci"],
    )
    region_name: Region = Field(
        default=None, description="its AWS region; default: eu-west-1", examples=["eu-west-1"]
    )
    aws_region_name: Region = Field(
        default=None, description="the same as region_name", examples=["eu-west-1"]
    )
    account_id: AccountId = Field(
        default=None, description="the only account that this may be done in", examples=["111122223333"]
    )
    namespace: Namespace = Field(
        default=None,
        description="what its ECR repositories' names begin with; default: uk.ac.wellcome",
        examples=["org.example.bookshop"],
    )
    release_table: Table = Field(
        default=None,
        description="the DynamoDB table of its records; default: wellcome-releases-<project id>",
        examples=["bookshop-releases"],
    )
    clusters: Annotated[list[Cluster], NoneIsEmpty] = Field(
        default=[],
        description="the ECS clusters to look for its services in",
        examples=[["bookshop-stage", "bookshop-prod"]],
    )
    cluster: ClusterTemplate = Field(
        default=None,
        description="the cluster of services that have a name",
        examples=["catalogue-{environment}"],
    )
    service_name: ServiceNameTemplate = Field(
        default=None,
        description="the names of ECS services, with {service}; default: services are found by their tags",
        examples=["{environment}-{service}"],
    )
    tag: TagTemplate = Field(
        default=None,
        description="the template of the floating tags in task definitions; default: env.{environment}",
        examples=["{environment}"],
    )
    refs: Refs = Field(
        default=[],
        description="patterns of version tags, tried in order, with {commit} or {version}; default: ref.{commit}",
        examples=["{commit}", ["{commit}", "v{version}"]],
    )
    branch: Branch = Field(
        default=None,
        description="the branch that releases are built from; commits that are not on it are builds of pull requests",
        examples=["main"],
    )
    environments: list[EnvironmentEntry] = Field(
        min_length=1,
        description="a list of the environments that releases are deployed to",
        examples=[[{"id": "stage", "name": "Staging"}, {"id": "prod", "requires": "stage"}]],
    )
    image_repositories: list[ImageEntry] = Field(
        min_length=1,
        description="a list of its images and the services that run them",
        examples=[[{"id": "search", "services": ["search-api"]}]],
    )


class FileEntry(
    RootModel[Annotated[dict[ProjectId, ProjectEntry], Field(min_length=1)]],
    title="weco-deploy project file",
):
    """A project file: its projects, by id."""


_ENTRY_OF_LIST: Mapping[str | int, type[Entry]] = {
    "environments": EnvironmentEntry,
    "image_repositories": ImageEntry,
    "services": ServiceEntry,
}
_ITEM_NAMES: Mapping[KeyPath, str] = {
    (): "project",
    ("environments",): "environment",
    ("image_repositories",): "image",
}
_DESCRIPTIONS: Mapping[type[Entry], str] = {
    ProjectEntry: "a project: a mapping with environments and image_repositories",
    EnvironmentEntry: "an environment: a mapping with the key id",
    ImageEntry: "an image: a mapping with the key id",
}
_KEY = "[key]"  # the last step of pydantic's location if the key of a mapping is invalid


def validate(root: Node) -> tuple[FileEntry | None, tuple[Problem, ...]]:
    """The file's entries (None if they are invalid) and the problems with them."""
    try:
        return FileEntry.model_validate(root.value), ()
    except ValidationError as error:
        return None, tuple(_problem(root, detail) for detail in error.errors(include_url=False))


def _problem(root: Node, detail: ErrorDetails) -> Problem:
    location = detail["loc"]
    # A project's id may look like a tag, so the first step is kept.
    path: KeyPath = (*location[:1], *(key for key in location[1:] if key not in _TYPE_TAGS.values()))
    if path[1:] and path[-1] == _KEY:
        return root.nearest(path[:-1]).problem(f"found {value_text(str(path[-2]))}, {detail['msg']}")
    node = root.nearest(path)
    if detail["type"] == "missing":
        field = _entry_at(path[:-1]).model_fields[str(path[-1])]
        return Problem(node.line, path, f"missing; expected {field.description}")
    return node.problem(f"found {value_text(node.value)}, {_expected(path, detail)}")


def _entry_at(path: KeyPath) -> type[Entry]:
    """The type of the mapping at `path`: a project at the top, an item of a list below."""
    return ProjectEntry if len(path) == 1 else _ENTRY_OF_LIST[path[-2]]


def _expected(path: KeyPath, detail: ErrorDetails) -> str:
    match detail["type"]:
        case "list_type":
            return "expected a list"
        case "too_short":
            return f"expected at least one {_ITEM_NAMES[path[-1:]]}"
        case "model_type":
            return f"expected {_DESCRIPTIONS[_entry_at(path)]}"
        case "dict_type":
            return f"expected a mapping of {'names to texts' if path else 'project ids to projects'}"
        case "literal_error":
            return f"expected {detail['ctx']['expected']}"
        case _:
            return detail["msg"]
