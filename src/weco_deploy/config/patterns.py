"""The patterns of valid ids and names: those that AWS and our own records accept.

pydantic checks fields with these patterns, and puts them into the JSON Schema. The checks across entries use them, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

EXPECTED = "expected"  # the type of pydantic's error for a value that does not match


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of valid text. `regex` must match the whole text; `description` completes "expected …" in a message.

    As an annotation of a field, it makes pydantic report EXPECTED with the description for any invalid value. The field
    accepts only text, even if its default is None: a key without a value is more likely a mistake in a template than a
    request for the default.

    `largest_number` is the largest number whose text may match, if there is one.
    """

    regex: str
    description: str
    min_length: int = 1
    max_length: int = 256
    largest_number: int | None = None

    def matches(self, text: str) -> bool:
        return (
            self.min_length <= len(text) <= self.max_length
            and re.fullmatch(self.regex, text, re.ASCII) is not None
        )

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(
            strict=True, pattern=f"^(?:{self.regex})$", min_length=self.min_length, max_length=self.max_length
        )
        return core_schema.custom_error_schema(
            text,
            EXPECTED,
            custom_error_message="expected {description}",
            custom_error_context={"description": self.description},
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describes the field to editors, which read 0123, 1.10 and true without quotes as numbers and booleans.

        The file's loader takes them as written, so they are accepted where such a text can match. Whether this text
        matches is not checked, because the value does not tell how it is written.
        """
        types = ["string"]
        if self.matches("1" * self.min_length):
            types.append("number")
        if self.matches("true"):
            types.append("boolean")
        largest = {} if self.largest_number is None else {"maximum": self.largest_number}
        return {**handler(schema), "type": types if len(types) > 1 else "string", **largest}


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two bounds. The file's values are texts, which pydantic converts."""

    least: float
    most: float
    description: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        number = core_schema.float_schema(ge=self.least, le=self.most, allow_inf_nan=False)
        return core_schema.custom_error_schema(
            number,
            EXPECTED,
            custom_error_message="expected {description}",
            custom_error_context={"description": self.description},
        )


TIMEOUT = Number(1, 7 * 24 * 3600, "a number of seconds between 1 and a week")
HTTP_STATUS = Number(200, 599, "a status of HTTP from 200 to 599")
RETRIES = Number(0, 1000, "a number from 0 to 1000")
SECONDS = Number(0, 7 * 24 * 3600, "a number of seconds, up to a week")

# A part of a repository name between slashes, as ECR's API defines RepositoryName.
_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_ECR_NAME = rf"{_PART}(/{_PART})*"

# A project's id is typed on command lines. It is a part of keys in the release table, where `#` separates the parts, and
# by default a part of the table's name.
PROJECT_ID = Pattern(r"[^\s#\x00-\x1f\x7f]+", "a project id without spaces and '#'", max_length=200)
ENVIRONMENT_ID = Pattern(
    r"[A-Za-z0-9._-]+",
    "an environment id: at most 124 letters, digits and . _ - (it becomes a tag)",
    max_length=124,
)
IMAGE_ID = Pattern(r"[A-Za-z0-9._/-]+", "an image id: letters, digits and . _ / -", max_length=200)
# The characters that all AWS services allow in tag values: the id is the value of the tag deployment:service.
SERVICE_ID = Pattern(
    r"[A-Za-z0-9_.:/=+@-]([A-Za-z0-9 _.:/=+@-]*[A-Za-z0-9_.:/=+@-])?",
    "a service id: letters, digits and . _ : / = + - @ (it is the value of the tag deployment:service)",
)
NAME = Pattern(r"[^\x00-\x1f\x7f]+", "a name: text on one line")
ACCOUNT_ID = Pattern(
    r"[0-9]{12}", "an account id: 12 digits", min_length=12, max_length=12, largest_number=10**12 - 1
)
ROLE_ARN = Pattern(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+",
    "the ARN of a role, like arn:aws:iam::<12 digits>:role/<name>",
    max_length=2048,
)
REGION = Pattern(r"[a-z]{2,8}(-[a-z]+)+-[0-9]{1,2}", "a region, like eu-west-1", max_length=32)
REPOSITORY = Pattern(
    _ECR_NAME,
    "an ECR repository name: 2 to 256 lower case letters, digits and single . _ - / between them",
    min_length=2,
)
NAMESPACE = Pattern(
    _ECR_NAME,
    "the beginning of an ECR repository name: lower case letters, digits and single . _ - / between them",
)
TABLE = Pattern(
    r"[a-zA-Z0-9_.-]+",
    "a DynamoDB table name: 3 to 255 letters, digits and . _ -",
    min_length=3,
    max_length=255,
)
VARIABLE = Pattern(r"[a-z][a-z0-9_]*", "a variable's name: lower case letters, digits and _", max_length=64)
DESTINATION = Pattern(
    r"env:[A-Za-z_][A-Za-z0-9_]*|ssm:/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*",
    "where the URL is: env:<environment variable> or ssm:<parameter> (the URL itself is a secret)",
    max_length=1024,
)
MESSAGE = Pattern(r"[^\x00]+", "the text of a message", max_length=4000)
DURATION = Pattern(r"[1-9][0-9]{0,3}[hd]", "a number of hours or days, like 12h or 3d", max_length=5)
URL = Pattern(r"https?://[^\s\x00-\x1f\x7f@]+", "a URL that begins with https://", max_length=2048)
HTTP_URL = Pattern(
    r"https?://[^\s\x00-\x1f\x7f/@]+(/[^\s\x00-\x1f\x7f]*)?",
    "a URL that begins with https:// or http://, without a user name, or a template of it",
    max_length=2048,
)
ARGUMENT = Pattern(r"[^\x00]*", "an argument", min_length=0, max_length=4096)
ANSWER_FIELD = Pattern(
    r"[^\x00-\x1f\x7f]+",
    "the name of a field of a JSON answer, with dots between its levels, like build.commit",
)
VALUE = Pattern(r"[^\x00-\x1f\x7f]+", "text on one line")
TAG = Pattern(
    r"[A-Za-z0-9_][A-Za-z0-9._-]*", "an image tag: at most 128 letters, digits and . _ -", max_length=128
)
TAG_TEMPLATE = Pattern(
    r"([A-Za-z0-9_]|\{[a-z][a-z0-9_]*\})([A-Za-z0-9._-]|\{[a-z][a-z0-9_]*\})*",
    "a template of tags, like env.{environment}: letters, digits, . _ - and {variables}",
)
SERVICE_NAME = Pattern(
    r"[A-Za-z0-9_-]+", "the name of an ECS service: at most 255 letters, digits and _ -", max_length=255
)
SERVICE_NAME_TEMPLATE = Pattern(
    r"([A-Za-z0-9_-]|\{[a-z][a-z0-9_]*\})+",
    "a name or template of ECS services, like {environment}-{service}: letters, digits, _ - and {variables}",
    max_length=400,
)
DEPLOYMENT_GROUP_TEMPLATE = Pattern(
    r"([A-Za-z0-9._+=,@-]|\{[a-z][a-z0-9_]*\})+",
    "a name or template of CodeDeploy, like {environment}-{service}: letters, digits, . _ + = , @ - and {variables}",
    max_length=400,
)
CLUSTER_TEMPLATE = Pattern(
    r"(arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster/)?([A-Za-z0-9_-]|\{[a-z][a-z0-9_]*\})+",
    "the name or ARN of an ECS cluster or a template of it, like shop-{environment}",
    max_length=400,
)
STEP_ID = Pattern(
    r"[A-Za-z0-9._-]+", "an id of a step: at most 100 letters, digits and . _ -", max_length=100
)
TASK_DEFINITION_TEMPLATE = Pattern(
    r"(arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:task-definition/)?([A-Za-z0-9_-]|\{[a-z][a-z0-9_]*\})+(:[0-9]+)?",
    "the family or ARN of a task definition, perhaps with :<revision>, or a template of it, like migrate-{environment}",
    max_length=400,
)
CONTAINER = Pattern(
    r"[A-Za-z0-9_-]+", "the name of a container: at most 255 letters, digits and _ -", max_length=255
)
CAPACITY_PROVIDER = Pattern(
    r"[A-Za-z0-9_-]+",
    "the name of a capacity provider: at most 255 letters, digits and _ -",
    max_length=255,
)
SUBNET = Pattern(r"subnet-[0-9a-f]+", "the id of a subnet, like subnet-0a1b2c3d")
SECURITY_GROUP = Pattern(r"sg-[0-9a-f]+", "the id of a security group, like sg-0a1b2c3d")
BRANCH = Pattern(
    r"[A-Za-z0-9_][A-Za-z0-9_+#@-]*([./][A-Za-z0-9_+#@-]+)*",
    "the name of a branch, like main, without that of its remote",
    max_length=200,
)
REF = Pattern(
    r"([A-Za-z0-9_][A-Za-z0-9._-]*)?\{(commit|version)\}[A-Za-z0-9._-]*",
    "a pattern of version tags, like ref.{commit}: letters, digits, . _ - and one {commit} or {version}",
    max_length=128,
)
CLUSTER = Pattern(
    r"[A-Za-z0-9_-]{1,255}|arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster/[A-Za-z0-9_-]{1,255}",
    "the name or ARN of an ECS cluster",
    max_length=400,
)
