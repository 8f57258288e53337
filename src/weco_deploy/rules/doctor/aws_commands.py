"""Commands of the AWS command line that put something right."""

from __future__ import annotations


def aws(region: str, service: str, operation: str, *arguments: str) -> tuple[str, ...]:
    """The words of `aws <service> <operation>` in a region."""
    return ("aws", service, operation, "--region", region, *arguments)
