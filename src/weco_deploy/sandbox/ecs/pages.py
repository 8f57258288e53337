"""Pages of long answers, as ECS cuts them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from weco_deploy.sandbox.ecs.errors import ApiError, invalid
from weco_deploy.sandbox.ecs.state import Json

Item = TypeVar("Item")


def page(
    items: Iterable[Item], request: Json, *, usual: int, most: int, limit_key: str = "maxResults"
) -> tuple[list[Item], str | None]:
    """The page that the request asks for, and the token of the next one.

    Args:
        items: all of them, in an order that lasts from one page to the next; not read beyond the page.
        request: its `nextToken` says where the page begins, `maxResults` how long it may be.
        usual: how many there are on a page unless the request says it.
        most: how many it may ask for.
        limit_key: the name of `maxResults`, where it has another.

    """
    size = request.get(limit_key) or usual
    if not 1 <= size <= most:
        raise invalid(f"{limit_key} must be between 1 and {most}.")
    first = _read(request.get("nextToken"))
    found = list(islice(items, first, first + size + 1))
    return found[:size], _written(first + size) if len(found) > size else None


def with_token(answer: Json, token: str | None, name: str = "nextToken") -> Json:
    """The answer, with the token if there is one."""
    return answer | ({name: token} if token else {})


def _written(first: int) -> str:
    return base64.urlsafe_b64encode(f"from {first}".encode()).decode()


def _read(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("from "))
    except ValueError:
        raise ApiError("InvalidParameterException", "Invalid token.") from None
