"""Sessions have botocore's own event handlers, and share no others."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.hooks import HierarchicalEmitter

from weco_deploy.aws.event_hooks import event_hooks


def handlers(hooks: HierarchicalEmitter, event: str) -> list[object]:
    return list(hooks._handlers.prefix_search(event))  # type: ignore[attr-defined] # missing in its stub


@pytest.mark.parametrize(
    "event",
    ["choose-signer.sts.AssumeRole", "before-parameter-build.s3.PutObject", "before-call.ecs.UpdateService"],
)
def test_handlers_are_those_of_a_session_of_botocore(event: str) -> None:
    hooks = HierarchicalEmitter()
    botocore.session.Session(event_hooks=hooks)

    assert handlers(hooks, event)
    assert handlers(event_hooks(), event) == handlers(hooks, event)


def test_handler_of_one_session_is_in_no_other() -> None:
    called: list[str] = []
    one = botocore.session.Session(event_hooks=event_hooks(), include_builtin_handlers=False)
    other = botocore.session.Session(event_hooks=event_hooks(), include_builtin_handlers=False)
    one.register("ours", lambda **_: called.append("one"))

    other.emit("ours")
    assert called == []
    one.emit("ours")
    assert called == ["one"]
