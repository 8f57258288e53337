"""Makes trouble for a service of a running sandbox: `sandbox trouble SERVICE_ID TROUBLE`.

`ecs/trouble.py` makes it happen in the simulated ECS. A text names a trouble, `scaled=COUNT` with its value.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from weco_deploy.errors import SandboxError, UsageError
from weco_deploy.sandbox.directory import command
from weco_deploy.sandbox.ecs.state import Json
from weco_deploy.sandbox.estate import ROLLING
from weco_deploy.sandbox.running import Sandbox
from weco_deploy.sandbox.state import MadeService

LASTING = {
    "no-capacity": "no container instance can take another of its tasks",
    "alarm": "a CloudWatch alarm that watches its deployments is in ALARM",
    "targets-fail": "its load balancer finds every target unhealthy",
    "targets-unused": "no load balancer uses its target group",
    "target-group-missing": "its target group does not exist any more",
    "no-network-interface": "no network interface can be created for its tasks",
    "no-secret": "its tasks may not read a secret",
    "no-log-group": "the log group of its tasks does not exist",
    "no-volume": "its tasks can't mount an EFS volume",
    "hides-digests": "its tasks report no digests",
    "hides-revisions": "its service revisions report no digests",
    "image-by-digest": "its tasks name their images by digest",
    "pause": "a lifecycle hook pauses its deployments after the test traffic",
    "hook-fails": "the Lambda functions of its lifecycle hooks fail",
    "hook-hangs": "the Lambda functions of its lifecycle hooks answer that they are in progress",
    "pulls-once": "its instances keep the image that they pulled first",
}
"""What lasts until `none`."""
ONCE = {
    "redeployed": "somebody else forces a new deployment of it",
    "scaled": "somebody else sets its desired count to COUNT",
    "deleted": "somebody else deletes it",
    "recreated": "somebody else deletes it, and creates it again",
    "deployment-continued": "somebody else continues its deployment, which is paused",
    "deployment-refused": "somebody else rolls back its deployment, which is paused",
    "deployment-stopped": "somebody else stops its deployment, and ECS rolls it back",
    "task-stopped": "somebody else stops one of its tasks",
    "container-exit": "a container of one of its tasks exits with 1",
    "spot-interruption": "a Spot interruption ends one of its tasks",
    "termination-notice": "the host of one of its tasks is terminated",
    "host-failure": "the host of one of its tasks fails",
}
"""What happens once."""
NONE = "none"
"""Ends what lasts."""
MEANINGS = {**LASTING, **ONCE, NONE: "its troubles are over"}
NEEDS_LOAD_BALANCER = frozenset({"targets-fail", "targets-unused", "target-group-missing"})
NEEDS_HOOKS = frozenset({"pause", "hook-fails", "hook-hangs", "deployment-continued", "deployment-refused"})
"""Rolling deployments run no lifecycle hooks."""

SCALED = "scaled"
MOST_TASKS = 100

_ECS = "AmazonEC2ContainerServiceV20141113"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens to a service.

    Attributes:
        kind: one of MEANINGS.
        count: the new desired count, of `scaled`.
        after: how many seconds of ECS's time later it happens.
        next_deployment: whether these seconds begin with the service's next deployment, not now.

    """

    kind: str
    count: int | None = None
    after: int = 0
    next_deployment: bool = False

    @property
    def when(self) -> str:
        """When it happens, as the end of a phrase; empty for now."""
        later = f"{self.after} s of ECS's time" if self.after else ""
        if self.next_deployment:
            return f"{later} into its next deployment" if later else "in its next deployment"
        return f"in {later}" if later else ""

    @property
    def meaning(self) -> str:
        return MEANINGS[self.kind].replace("COUNT", f"{self.count}")

    @property
    def lasts(self) -> bool:
        return self.kind in LASTING


def parse(text: str, after: int = 0, *, next_deployment: bool = False) -> Trouble:
    """The trouble that the text names. UsageError: there is none, its value is missing or not valid."""
    kind, has_value, value = text.strip().partition("=")
    if kind not in MEANINGS:
        raise UsageError(f"there is no trouble {kind!r}", _suggestion(kind))
    if kind == SCALED and not has_value:
        raise UsageError("scaled needs the new desired count", "write it scaled=COUNT")
    if kind != SCALED and has_value:
        raise UsageError(f"{kind} takes no value, and {value!r} is given")
    count = _count(value) if kind == SCALED else None
    return Trouble(kind=kind, count=count, after=after, next_deployment=next_deployment)


def check(sandbox: Sandbox, service: MadeService, trouble: Trouble) -> None:
    """Raises UsageError (the services of this sandbox can't have this trouble), SandboxError (the service was deleted)."""
    if trouble.kind in NEEDS_HOOKS and sandbox.state.estate.strategy == ROLLING:
        raise UsageError(
            f"{trouble.kind} needs a service with lifecycle hooks, and the services of this sandbox are ROLLING",
            (
                command(sandbox.directory, "stop"),
                ", then ",
                command(sandbox.directory, "start", "--strategy", "canary"),
            ),
        )
    if trouble.kind in NEEDS_LOAD_BALANCER and not sandbox.state.estate.load_balancers:
        raise UsageError(
            f"{trouble.kind} needs a service behind a load balancer, and this sandbox has none",
            (
                command(sandbox.directory, "stop"),
                ", then ",
                command(sandbox.directory, "start", "--load-balancers"),
            ),
        )
    described = {"cluster": service.cluster, "services": [service.name]}
    (found,) = sandbox.call(service.place, f"{_ECS}.DescribeServices", described)["services"]
    if found["status"] != "ACTIVE":
        raise SandboxError(
            f"{service.cluster}/{service.name} was deleted: ECS says {found['status']}",
            (
                command(sandbox.directory, "stop"),
                ", then ",
                command(sandbox.directory, "start"),
                ": creates everything anew",
            ),
        )


def make(sandbox: Sandbox, service: MadeService, trouble: Trouble) -> None:
    """Make trouble for the service. Raises as `check`."""
    check(sandbox, service, trouble)
    named: Json = {"cluster": service.cluster, "service": service.name}
    if trouble.kind == "alarm":
        _watch_alarm(sandbox, service, named, enable=True)
    request = named | {
        "kind": trouble.kind,
        "after": trouble.after,
        "nextDeployment": trouble.next_deployment,
    }
    if trouble.count is not None:
        request["value"] = trouble.count
    sandbox.call(service.place, "Sandbox.MakeTrouble", request)
    if trouble.kind == NONE and not trouble.when:
        _watch_alarm(sandbox, service, named, enable=False)


def _watch_alarm(sandbox: Sandbox, service: MadeService, named: Json, *, enable: bool) -> None:
    """Whether an alarm watches the service's deployments. A watched deployment takes longer: the alarm's bake time."""
    alarms = {
        "alarmNames": [f"{service.cluster}-{service.name}-errors"],
        "enable": enable,
        "rollback": enable,
    }
    sandbox.call(
        service.place, f"{_ECS}.UpdateService", named | {"deploymentConfiguration": {"alarms": alarms}}
    )


def _count(value: str) -> int:
    if not (value.isascii() and value.isdecimal()) or int(value) > MOST_TASKS:
        raise UsageError(f"scaled={value}: the desired count is a whole number from 0 to {MOST_TASKS}")
    return int(value)


def _suggestion(kind: str) -> str:
    close = difflib.get_close_matches(kind, MEANINGS, n=1)
    known = f"there is {', '.join(MEANINGS)}".replace(SCALED, f"{SCALED}=COUNT")
    return f"did you mean {close[0]}? {known}" if close else known
