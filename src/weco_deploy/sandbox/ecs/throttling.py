"""Request rates: token buckets of an account and region, and the error of a request that finds none."""

from __future__ import annotations

from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.region import Region


def take(region: Region, operation: str) -> None:
    """Take a token of each bucket of the operation. ThrottlingException if one is empty."""
    for number, limit in enumerate(region.settings.limits):
        if operation not in limit.operations:
            continue
        tokens, filled_at = region.tokens.get(number, (limit.burst, region.now))
        refilled = (region.now - filled_at).total_seconds() * limit.refill
        tokens = min(limit.burst, tokens + refilled)
        if tokens < 1:
            region.tokens[number] = (tokens, region.now)
            raise ApiError("ThrottlingException", "Rate exceeded")
        region.tokens[number] = (tokens - 1, region.now)
