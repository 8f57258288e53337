"""Where a deployment goes, in words: shown before anybody says yes to it."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from weco_deploy.aws.error_translation import without_user_info
from weco_deploy.aws.session import Account
from weco_deploy.model.arn import account_of

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
"""Of endpoints that need not be said: AWS's own in its partitions, IPv4 alone and dual-stack."""


def places(home: Account, services: Account, account_id: str | None) -> str:
    """The accounts, regions and, if they are not AWS's own, endpoints of a project and of an environment's services.

    `home` has images and records; `account_id` is what the project names as its account, if it does. AWS is not asked.
    """
    same_caller = services.role_arn == home.role_arn
    here = _place(home, account_id, ("ecr", "dynamodb"))
    there = _place(services, account_id if same_caller else None, ("ecs",))
    return f"in {here}" if here == there else f"images and records in {here}; services in {there}"


def _place(
    account: Account, account_id: str | None, clients: tuple[Literal["ecr", "dynamodb", "ecs"], ...]
) -> str:
    known = account_of(account.role_arn) or account_id
    urls = dict.fromkeys(account.client(each).meta.endpoint_url for each in clients)
    endpoints = [
        without_user_info(url) for url in urls if not (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS)
    ]
    who = f"account {known}" if known else "the account of your credentials"
    return ", ".join((who, account.region, *(f"endpoint {endpoint}" for endpoint in endpoints)))
