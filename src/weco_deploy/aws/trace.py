"""`--verbose`: writes a line for each call to AWS.

botocore's events give the call, its duration, attempts and request id. Parameters, headers and bodies are left out,
because they contain session tokens; botocore's own debug log shows them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.client import BaseClient

_BEGUN_AT = "weco_deploy_begun_at"


def trace(client: BaseClient, log_call: Callable[[str], None]) -> None:
    """Pass `log_call` a line for each call of the client: `ecs:ListTasks 23 ms, 1 attempt, request 1b2c…`.

    `log_call` runs in the thread that makes the call.
    """
    service = client.meta.service_model.service_id.hyphenize()
    events = client.meta.events
    events.register(f"before-call.{service}", _begin)
    events.register(f"after-call.{service}", lambda **event: log_call(_answered(**event)))
    events.register(f"after-call-error.{service}", lambda **event: log_call(_unanswered(**event)))


def _begin(context: dict[str, object], **_: object) -> None:
    context[_BEGUN_AT] = time.perf_counter()


def _answered(
    event_name: str, context: Mapping[str, object], parsed: Mapping[str, object], **_: object
) -> str:
    metadata = parsed.get("ResponseMetadata")
    facts: Mapping[str, object] = metadata if isinstance(metadata, Mapping) else {}
    line = f"{_call(event_name)} {_duration(context)}, {_attempts(context)}, request {facts.get('RequestId', 'unknown')}"
    error = parsed.get("Error")
    return f"{line}, {error.get('Code')}" if isinstance(error, Mapping) else line


def _unanswered(event_name: str, context: Mapping[str, object], exception: Exception, **_: object) -> str:
    return f"{_call(event_name)} {_duration(context)}, {_attempts(context)}, no answer: {type(exception).__name__}"


def _call(event_name: str) -> str:
    service, operation = event_name.split(".")[1:3]
    return f"{service}:{operation}"


def _duration(context: Mapping[str, object]) -> str:
    begun_at = context.get(_BEGUN_AT)
    if not isinstance(begun_at, float):
        return "not sent"
    return f"{(time.perf_counter() - begun_at) * 1000:.0f} ms"


def _attempts(context: Mapping[str, object]) -> str:
    retries = context.get("retries")
    attempt = retries.get("attempt", 1) if isinstance(retries, Mapping) else 1
    return f"{attempt} attempt{'' if attempt == 1 else 's'}"
