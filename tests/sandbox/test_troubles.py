"""`sandbox trouble` on a started sandbox, and what ECS's API says then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.projects import WEB, project
from tests.sandbox.rollouts import Rollouts, eventually
from tests.sandboxes import Provisioned
from weco_deploy.errors import NotFound, SandboxError, UsageError
from weco_deploy.sandbox import troubles
from weco_deploy.sandbox.ecs.trouble import KINDS
from weco_deploy.sandbox.estate import Estate
from weco_deploy.sandbox.running import Sandbox

BALANCED = Estate(load_balancers=True)
BLUE_GREEN = Estate(strategy="BLUE_GREEN")


def make(sandbox: Sandbox, text: str, after: int = 0, *, next_deployment: bool = False) -> None:
    wanted = troubles.parse(text, after, next_deployment=next_deployment)
    troubles.make(sandbox, sandbox.state.service("web-api"), wanted)


def test_every_trouble_of_the_simulation_can_be_made() -> None:
    assert troubles.MEANINGS.keys() == KINDS


def test_without_capacity_a_deployment_fails_until_the_trouble_ends(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)

    make(sandbox, "no-capacity")
    rollouts.begin(sandbox.push("web"))
    eventually(lambda: any("unable to place a task" in message for message in rollouts.events()))
    make(sandbox, "none")
    pushed = sandbox.push("web")

    assert rollouts.final_status(rollouts.begin(pushed)) == "SUCCESSFUL"
    eventually(lambda: rollouts.digests() == {pushed.digest})


def test_alarm_that_goes_off_in_a_deployment_rolls_it_back(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    good = rollouts.digest_of("env.stage")

    make(sandbox, "alarm", after=10, next_deployment=True)
    failed = rollouts.begin(sandbox.push("web"))

    assert rollouts.final_status(failed) == "ROLLBACK_SUCCESSFUL"
    assert rollouts.deployment(failed)["alarms"]["triggeredAlarmNames"] == ["shop-stage-web-api-errors"]
    eventually(lambda: rollouts.digests() == {good})


def test_service_without_trouble_is_watched_by_no_alarm(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)

    make(sandbox, "alarm")
    watched = rollouts.service()["deploymentConfiguration"]["alarms"]["enable"]
    make(sandbox, "none")

    configuration = rollouts.service()["deploymentConfiguration"]
    assert (watched, configuration["alarms"]["enable"]) == (True, False)
    assert configuration["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}


def test_somebody_redeploys_scales_and_deletes(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    before = rollouts.service()["deployments"][0]["id"]

    make(sandbox, "redeployed")
    redeployed = rollouts.service()["deployments"][0]["id"]
    make(sandbox, "scaled=3")
    scaled = rollouts.service()["desiredCount"]
    make(sandbox, "deleted")

    assert (before == redeployed, scaled) == (False, 3)
    eventually(lambda: rollouts.service()["status"] == "INACTIVE")
    with pytest.raises(SandboxError, match="was deleted") as caught:
        make(sandbox, "scaled=1")
    assert f"weco-deploy sandbox start --dir {sandbox.directory}" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("task-stopped", "UserInitiated"),
        ("container-exit", "EssentialContainerExited"),
        ("spot-interruption", "SpotInterruption"),
        ("termination-notice", "TerminationNotice"),
        ("host-failure", "InfrastructureHealth"),
    ],
)
def test_task_ends_with_ecs_s_stop_code(provisioned: Provisioned, kind: str, code: str) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)

    make(sandbox, kind)

    eventually(lambda: [task["stopCode"] for task in rollouts.tasks(stopped=True)] == [code])


def test_trouble_may_begin_later(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)

    make(sandbox, "scaled=0", after=30)
    before = rollouts.service()["desiredCount"]

    eventually(lambda: rollouts.service()["desiredCount"] == 0)
    assert before == 1


@pytest.mark.parametrize("kind", sorted(troubles.NEEDS_LOAD_BALANCER))
def test_trouble_of_load_balancers_needs_one(provisioned: Provisioned, kind: str) -> None:
    sandbox = provisioned(WEB)

    with pytest.raises(UsageError, match="behind a load balancer") as caught:
        make(sandbox, kind)

    assert "--load-balancers" in caught.value.hint


@pytest.mark.parametrize("kind", sorted(troubles.NEEDS_HOOKS))
def test_trouble_of_hooks_needs_a_strategy_that_has_some(provisioned: Provisioned, kind: str) -> None:
    sandbox = provisioned(WEB)

    with pytest.raises(UsageError, match="lifecycle hooks") as caught:
        make(sandbox, kind)

    assert "--strategy canary" in caught.value.hint


def test_paused_deployment_waits_for_somebody(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB, estate=BLUE_GREEN)
    rollouts = Rollouts(sandbox)

    make(sandbox, "pause")
    arn = rollouts.begin(sandbox.push("web"))
    eventually(lambda: bool(rollouts.deployment(arn).get("lifecycleHookDetails")))
    (paused,) = rollouts.deployment(arn)["lifecycleHookDetails"]
    make(sandbox, "deployment-continued")

    assert (paused["targetType"], paused["status"]) == ("PAUSE", "AWAITING_ACTION")
    assert rollouts.final_status(arn) == "SUCCESSFUL"


def test_hook_that_fails_rolls_back_until_the_trouble_ends(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB, estate=BLUE_GREEN)
    rollouts = Rollouts(sandbox)

    make(sandbox, "hook-fails")
    failed = rollouts.final_status(rollouts.begin(sandbox.push("web")))
    make(sandbox, "none")
    pushed = sandbox.push("web")

    assert failed == "ROLLBACK_SUCCESSFUL"
    assert rollouts.service()["deploymentConfiguration"]["lifecycleHooks"] == []
    assert rollouts.final_status(rollouts.begin(pushed)) == "SUCCESSFUL"


def test_somebody_stops_the_deployment(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB, estate=BLUE_GREEN)
    rollouts = Rollouts(sandbox)

    make(sandbox, "deployment-stopped", after=20, next_deployment=True)
    arn = rollouts.begin(sandbox.push("web"))

    assert rollouts.final_status(arn) == "ROLLBACK_SUCCESSFUL"
    assert "stopped by a user" in rollouts.deployment(arn)["statusReason"]


def test_failing_targets_fail_a_deployment_behind_a_load_balancer(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB, estate=BALANCED)
    rollouts = Rollouts(sandbox)
    healthy = rollouts.final_status(rollouts.begin(sandbox.push("web")))

    make(sandbox, "targets-fail")
    failed = rollouts.begin(sandbox.push("web"))

    assert healthy == "SUCCESSFUL"
    eventually(lambda: "circuit breaker" in rollouts.deployment(failed).get("statusReason", ""))
    assert any("is unhealthy in (target-group arn:aws:" in message for message in rollouts.events())


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("flood", "there is no trouble 'flood'", "there is no-capacity, alarm"),
        ("scale=3", "there is no trouble 'scale'", "did you mean scaled? there is"),
        ("scaled", "scaled needs the new desired count", "scaled=COUNT"),
        ("scaled=", "a whole number from 0 to 100", ""),
        ("scaled=-1", "a whole number from 0 to 100", ""),
        ("scaled=two", "a whole number from 0 to 100", ""),
        ("scaled=101", "a whole number from 0 to 100", ""),
        ("deleted=1", "deleted takes no value", ""),
        ("", "there is no trouble ''", "there is no-capacity"),
    ],
)
def test_trouble_that_makes_no_sense_is_bad_usage(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        troubles.parse(text)

    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("after", "next_deployment", "when"),
    [
        (0, False, ""),
        (30, False, "in 30 s of ECS's time"),
        (0, True, "in its next deployment"),
        (30, True, "30 s of ECS's time into its next deployment"),
    ],
)
def test_trouble_says_when_it_happens(after: int, next_deployment: bool, when: str) -> None:
    assert troubles.parse("alarm", after, next_deployment=next_deployment).when == when


TWICE = project(("web", ("web-api",)), environments=("stage", "prod"))


@pytest.mark.parametrize(
    ("find", "error", "message", "hint"),
    [
        (lambda state: state.service("web"), NotFound, "no service 'web'", "its services: web-api"),
        (lambda state: state.service("web-api"), UsageError, "in each of stage, prod", "--environment-id"),
        (
            lambda state: state.service("web-api", "dev"),
            NotFound,
            "'web-api' in an environment 'dev'",
            "its environments: stage, prod",
        ),
        (lambda state: state.service("web-api", "prod", "other"), NotFound, "no service", "none"),
    ],
    ids=["unknown", "in two environments", "unknown environment", "unknown project"],
)
def test_service_that_is_not_clear_is_an_error(
    provisioned: Provisioned,
    find: Callable[[object], object],
    error: type[Exception],
    message: str,
    hint: str,
) -> None:
    state = provisioned(TWICE).state

    with pytest.raises(error, match=message) as caught:
        find(state)

    assert hint in getattr(caught.value, "hint", "")
    assert state.service("web-api", "prod").cluster == "shop-prod"
