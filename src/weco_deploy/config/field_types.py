"""The types of the project file's fields, for pydantic: texts of some form, lists that may be empty, fields of several types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, GetCoreSchemaHandler, GetJsonSchemaHandler, Tag
from pydantic_core import CoreSchema, core_schema

from weco_deploy.config import patterns
from weco_deploy.config.patterns import EXPECTED

DestinationUrl: TypeAlias = Annotated[str, patterns.DESTINATION]
Duration: TypeAlias = Annotated[str | None, patterns.DURATION]
EnvironmentId: TypeAlias = Annotated[str, patterns.ENVIRONMENT_ID]
ImageId: TypeAlias = Annotated[str, patterns.IMAGE_ID]
ProjectId: TypeAlias = Annotated[str, patterns.PROJECT_ID]
ServiceId: TypeAlias = Annotated[str, patterns.SERVICE_ID]
Cluster: TypeAlias = Annotated[str, patterns.CLUSTER]
AccountId: TypeAlias = Annotated[str | None, patterns.ACCOUNT_ID]
MessageTemplate: TypeAlias = Annotated[str, patterns.MESSAGE]
MessageEvent: TypeAlias = Literal["started", "succeeded", "failed", "rolled_back", "waiting", "overdue"]
Name: TypeAlias = Annotated[str | None, patterns.NAME]
Namespace: TypeAlias = Annotated[str | None, patterns.NAMESPACE]
Region: TypeAlias = Annotated[str | None, patterns.REGION]
Repository: TypeAlias = Annotated[str | None, patterns.REPOSITORY]
RoleArn: TypeAlias = Annotated[str | None, patterns.ROLE_ARN]
ClusterTemplate: TypeAlias = Annotated[str | None, patterns.CLUSTER_TEMPLATE]
DeploymentGroupTemplate: TypeAlias = Annotated[str, patterns.DEPLOYMENT_GROUP_TEMPLATE]
ServiceNameTemplate: TypeAlias = Annotated[str | None, patterns.SERVICE_NAME_TEMPLATE]
NullableServiceName: TypeAlias = Annotated[str, patterns.SERVICE_NAME_TEMPLATE] | None
Branch: TypeAlias = Annotated[str | None, patterns.BRANCH]
Ref: TypeAlias = Annotated[str, patterns.REF]
TagTemplate: TypeAlias = Annotated[str | None, patterns.TAG_TEMPLATE]
Url: TypeAlias = Annotated[str | None, patterns.URL]
Variable: TypeAlias = Annotated[str, patterns.VARIABLE]
VariableValue: TypeAlias = Annotated[str, patterns.VALUE]
StableFor: TypeAlias = Annotated[float | None, patterns.SECONDS]
StepId: TypeAlias = Annotated[str, patterns.STEP_ID]
TaskDefinitionTemplate: TypeAlias = Annotated[str, patterns.TASK_DEFINITION_TEMPLATE]
ContainerName: TypeAlias = Annotated[str | None, patterns.CONTAINER]
CapacityProviderName: TypeAlias = Annotated[str | None, patterns.CAPACITY_PROVIDER]
Subnet: TypeAlias = Annotated[str, patterns.SUBNET]
SecurityGroup: TypeAlias = Annotated[str, patterns.SECURITY_GROUP]
LikeService: TypeAlias = Annotated[str | None, patterns.SERVICE_ID]
Timeout: TypeAlias = Annotated[float, patterns.TIMEOUT]
HttpUrl: TypeAlias = Annotated[str | None, patterns.HTTP_URL]
HttpStatus: TypeAlias = Annotated[float, patterns.HTTP_STATUS]
Retries: TypeAlias = Annotated[float, patterns.RETRIES]
Argument: TypeAlias = Annotated[str, patterns.ARGUMENT]
AnswerField: TypeAlias = Annotated[str, patterns.ANSWER_FIELD]
OptionalImageId: TypeAlias = Annotated[str | None, patterns.IMAGE_ID]
Table: TypeAlias = Annotated[str | None, patterns.TABLE]

# A field of several types has a tag for each type. pydantic adds the tag to an error's location, although it is not in the
# file.
TYPE_TAGS: Mapping[type, str] = {str: "<id>", list: "<ids>", dict: "<mapping>"}


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
    return TYPE_TAGS.get(type(value))


def by_type(description: str) -> Discriminator:
    """Chooses one of a field's types by the type of the value."""
    return Discriminator(
        _type_tag,
        custom_error_type=EXPECTED,
        custom_error_message="expected {description}",
        custom_error_context={"description": description},
    )


Refs: TypeAlias = Annotated[
    Annotated[Ref, Tag("<id>")] | Annotated[list[Ref], Tag("<ids>")],
    by_type("a pattern or a list of them"),
]
