"""The forms that ids and names have: what AWS and our own records accept.

A form is one pattern with its words. pydantic checks it and puts it into the JSON Schema; the checks
across several entries ask the same form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

EXPECTED = "expected"


@dataclass(frozen=True, slots=True)
class Form:
    """Text that matches all of `pattern`; `what` completes "expected …" in a message.

    As an annotation of a field it makes pydantic report EXPECTED with `what`, whatever is wrong. It
    takes text only, also for a field whose default is None: a key with nothing behind it is more
    likely a template that went wrong than a wish for the default.
    """

    pattern: str
    what: str
    shortest: int = 1
    longest: int = 256

    def fits(self, text: str) -> bool:
        return (
            self.shortest <= len(text) <= self.longest
            and re.fullmatch(self.pattern, text, re.ASCII) is not None
        )

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(
            strict=True, pattern=f"^(?:{self.pattern})$", min_length=self.shortest, max_length=self.longest
        )
        return core_schema.custom_error_schema(
            text, EXPECTED, custom_error_message="expected {what}", custom_error_context={"what": self.what}
        )


# The alphabet of ECR's own model of RepositoryName, for one part of the name between slashes.
_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_ECR_NAME = rf"{_PART}(/{_PART})*"

# Three limits meet in a project's id: it is a part of keys in the release table, where `#` separates
# the parts, it is typed on command lines, and by default it names the table.
PROJECT_ID = Form(r"[^\s#\x00-\x1f\x7f]+", "a project id without spaces and '#'", longest=200)
ENVIRONMENT_ID = Form(
    r"[A-Za-z0-9._-]+",
    "an environment id: at most 124 letters, digits and . _ - (it becomes a tag)",
    longest=124,
)
IMAGE_ID = Form(r"[A-Za-z0-9._/-]+", "an image id: letters, digits and . _ / -", longest=200)
# What AWS says is allowed in tag values everywhere: the id is the value of the tag deployment:service.
SERVICE_ID = Form(
    r"[A-Za-z0-9_.:/=+@-]([A-Za-z0-9 _.:/=+@-]*[A-Za-z0-9_.:/=+@-])?",
    "a service id: letters, digits and . _ : / = + - @ (it is the value of the tag deployment:service)",
)
NAME = Form(r"[^\x00-\x1f\x7f]+", "a name: text on one line")
ACCOUNT_ID = Form(r"[0-9]{12}", "an account id: 12 digits", 12, 12)
ROLE_ARN = Form(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+",
    "the ARN of a role, like arn:aws:iam::<12 digits>:role/<name>",
    longest=2048,
)
REGION = Form(r"[a-z]{2,8}(-[a-z]+)+-[0-9]{1,2}", "a region, like eu-west-1", longest=32)
REPOSITORY = Form(
    _ECR_NAME,
    "an ECR repository name: 2 to 256 lower case letters, digits and single . _ - / between them",
    2,
)
NAMESPACE = Form(
    _ECR_NAME,
    "the beginning of an ECR repository name: lower case letters, digits and single . _ - / between them",
)
TABLE = Form(r"[a-zA-Z0-9_.-]+", "a DynamoDB table name: 3 to 255 letters, digits and . _ -", 3, 255)
CLUSTER = Form(
    r"[A-Za-z0-9_-]{1,255}|arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster/[A-Za-z0-9_-]{1,255}",
    "the name or ARN of an ECS cluster",
    longest=400,
)
