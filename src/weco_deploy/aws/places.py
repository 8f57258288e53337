"""Describes where a deployment goes, for the plan that people confirm."""

from __future__ import annotations

from typing import Literal

from weco_deploy.aws.error_translation import without_user_info
from weco_deploy.aws.session import Account


def places(home: Account, services: Account, account_id: str | None) -> str:
    """The accounts and regions of a project and of an environment's services, and endpoints that are not AWS's own.

    It makes no call to AWS.

    Args:
        home: has the images and the record.
        services: has the environment's services.
        account_id: the account that the project file names, if any.

    """
    same_caller = services.role_arn == home.role_arn
    here = _place(home, account_id, ("ecr", "dynamodb"))
    there = _place(services, account_id if same_caller else None, ("ecs",))
    return f"in {here}" if here == there else f"images and records in {here}; services in {there}"


def _place(
    account: Account, account_id: str | None, clients: tuple[Literal["ecr", "dynamodb", "ecs"], ...]
) -> str:
    known = account.known_account_id or account_id
    urls = dict.fromkeys(account.client(service).meta.endpoint_url for service in clients)
    endpoints = [without_user_info(url) for url in urls if not account.is_aws_endpoint(url)]
    who = f"account {known}" if known else "the account of your credentials"
    return ", ".join((who, account.region, *(f"endpoint {endpoint}" for endpoint in endpoints)))
