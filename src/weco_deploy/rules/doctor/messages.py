"""Checks the destinations of messages, without sending any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from weco_deploy.model.checks import PROGRAM, Check, Result
from weco_deploy.model.notification import Destination
from weco_deploy.rules.doctor.findings import problems_or_ok

ID = "messages"


def messages(problems: Mapping[Destination, str]) -> Iterator[Check]:
    """What is wrong with each destination; empty texts for those that are right. Deployments work without messages."""
    found = (
        Check(
            ID,
            Result.WARN,
            f"{destination.url_from}: {problem}",
            "put it right, then send a test message:",
            (PROGRAM, "notify", "--test"),
        )
        for destination, problem in problems.items()
        if problem
    )
    names = dict.fromkeys(destination.url_from for destination in problems)
    yield from problems_or_ok(ID, found, f"can be sent to {', '.join(names)}")
