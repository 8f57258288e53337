"""`iam-policy`: the project's policy, with the account from the file or else from AWS."""

import json
import re
from pathlib import Path

from tests.cli.desk import PROJECT_FILE, Desk

ROLE = "  role_arn: arn:aws:iam::111122223333:role/shop-ci\n"


def resources(desk: Desk, sid: str, *arguments: str) -> list[str]:
    (found,) = [
        statement["Resource"]
        for statement in desk.run("iam-policy", *arguments).json["Statement"]
        if statement["Sid"] == sid
    ]
    assert isinstance(found, list)
    return found


def test_account_of_the_file_is_used_without_a_call_to_aws(desk: Desk) -> None:
    Path(".wellcome_project").write_text(f"{PROJECT_FILE}{ROLE}")

    (table,) = resources(desk, "WriteRecords")
    assert table == "arn:aws:dynamodb:eu-west-1:111122223333:table/wellcome-releases-shop"
    assert desk.connections == []


def test_account_is_the_callers_if_the_file_names_none(desk: Desk) -> None:
    assert resources(desk, "MoveTags") == [
        "arn:aws:ecr:eu-west-1:123456789012:repository/uk.ac.wellcome/search",
        "arn:aws:ecr:eu-west-1:123456789012:repository/uk.ac.wellcome/items",
    ]
    assert desk.connections


def test_policy_is_for_all_environments_or_for_one(desk: Desk) -> None:
    Path(".wellcome_project").write_text(f"{PROJECT_FILE}{ROLE}")

    everywhere, stage = desk.run("iam-policy"), desk.run("iam-policy", "--environment-id", "stage")

    assert ("prod" in everywhere.out, "prod" in stage.out) == (True, False)


def test_read_only_policy_allows_no_change(desk: Desk) -> None:
    Path(".wellcome_project").write_text(f"{PROJECT_FILE}{ROLE}")

    out = desk.run("iam-policy", "--read-only").out

    assert "ecr:DescribeImages" in out
    assert "ecr:PutImage" not in out
    assert "ecs:UpdateService" not in out


def test_long_policy_is_printed_in_parts_that_fit_iam(desk: Desk) -> None:
    images = "".join(
        f"    - {{id: an-image-with-a-rather-long-name-{number}, services: [service-{number}]}}\n"
        for number in range(40)
    )
    Path(".wellcome_project").write_text(f"{PROJECT_FILE}{images}{ROLE}")

    whole, first, second = (desk.run("iam-policy", *part) for part in ((), ("--part", "1"), ("--part", "2")))

    statements = [statement["Sid"] for statement in whole.json["Statement"]]
    assert "IAM allows 6,144 characters in a managed policy, and 10,240 in all inline policies" in whole.err
    assert re.search(r"print it as (\d) managed policies, with --part 1 to --part \1\n", whole.err)
    for part in (first, second):
        assert (part.code, part.err) == (0, "")
        assert len(json.dumps(part.json, separators=(",", ":"))) <= 6144
        assert {statement["Sid"] for statement in part.json["Statement"]} < set(statements)
    assert first.json != second.json


def test_part_that_the_policy_lacks_is_a_usage_error(desk: Desk) -> None:
    Path(".wellcome_project").write_text(f"{PROJECT_FILE}{ROLE}")

    assert desk.run("iam-policy", "--part", "1").json == desk.run("iam-policy").json
    ran = desk.run("iam-policy", "--part", "2")

    assert ran.code == 2
    assert ran.err == "error: --part: the policy has 1 part\n"


def test_unknown_environment_is_an_error(desk: Desk) -> None:
    assert desk.run("--output", "json", "iam-policy", "--environment-id", "qa").error["code"] == "not_found"


def test_role_of_an_environment_is_named_on_stderr(desk: Desk) -> None:
    text = PROJECT_FILE.replace(
        "name: Production}", "name: Production, role_arn: 'arn:aws:iam::444455556666:role/prod'}"
    )
    Path(".wellcome_project").write_text(f"{text}{ROLE}")

    ran = desk.run("iam-policy")

    assert ran.json["Version"] == "2012-10-17"
    assert ran.err == (
        "note: give this policy to arn:aws:iam::444455556666:role/prod, too: it deploys services to prod\n"
    )
