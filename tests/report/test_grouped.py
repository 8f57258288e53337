from __future__ import annotations

import io
from dataclasses import replace

from tests.report.samples import EARLIER_ID
from tests.report.story import CLAIMED, MOVED, SETTLED, Watch
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.events import Claimed, Event, RollingBack, Settled
from weco_deploy.model.kind import Kind
from weco_deploy.report.grouped import GroupedProgress

FAILED = replace(CLAIMED.deployment, status=DeploymentStatus.FAILED)
BACK = replace(CLAIMED.deployment, deployment_id="back", release_id=EARLIER_ID, kind=Kind.ROLLBACK)


def written(*events: Event) -> list[str]:
    stream = io.StringIO()
    with GroupedProgress(stream, Watch()) as show:
        for event in events:
            show(event)
    return stream.getvalue().splitlines()


def test_deployment_is_a_group_and_its_verdict_is_below() -> None:
    lines = written(CLAIMED, MOVED, SETTLED)

    assert [line for line in lines if line.startswith("::")] == [
        "::group::Deploying release 8f14e45f to prod",
        "::endgroup::",
    ]
    assert (lines[0], lines[-2]) == ("::group::Deploying release 8f14e45f to prod", "::endgroup::")
    assert "✗ Release 8f14e45f to prod failed" in lines[-1]


def test_rollback_is_a_group_of_its_own_below_the_failure() -> None:
    events = (CLAIMED, RollingBack(FAILED, EARLIER_ID), replace(CLAIMED, deployment=BACK), Settled(BACK))

    lines = written(*events, Settled(FAILED))

    opened = lines.index("::group::Rolling back prod to release c9f0f895")
    assert lines[opened - 2] == "::endgroup::"
    assert lines[opened - 1].endswith("failed; rolling back to release c9f0f895")
    assert lines[-3] == "::endgroup::"


def test_group_of_an_interrupted_deployment_ends() -> None:
    assert written(CLAIMED)[-1] == "::endgroup::"


def test_resumed_deployment_is_no_group() -> None:
    assert written(Claimed(CLAIMED.deployment)) == []
