"""Builds the writes for releases and deployments, which are parts of transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from weco_deploy.aws.records.attributes import Item, Value, stored_time
from weco_deploy.aws.records.deployments import deployment_item, deployment_key, read_deployment
from weco_deploy.aws.records.history import History, latest_date
from weco_deploy.aws.records.releases import latest_item, latest_key, listing, release_item
from weco_deploy.aws.records.service_items import intended_item
from weco_deploy.aws.records.table import Table
from weco_deploy.aws.records.writes import Check, Put, Update, Write
from weco_deploy.errors import Command, NotFound, Throttled
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import Claim
from weco_deploy.model.release import Release, ReleaseDeployment
from weco_deploy.rules.lock import check_can_resume, check_can_settle

ROUNDS = 6
"""How often a transaction is built again, because the records that it depends on have changed."""

IS_NEW = "attribute_not_exists(#release_id)"
IN_PROGRESS = DeploymentStatus.IN_PROGRESS.value


class Recording:
    """Builds writes from the current records. The writes' conditions fail if those records change."""

    def __init__(self, table: Table, history: History) -> None:
        self._table = table
        self._history = history

    def save(self, release: Release) -> None:
        """Record a release. If it is recorded already, an earlier call did that, and its answer was lost."""
        for _ in range(ROUNDS):
            if self._history.release(release.release_id) is not None:
                return
            if self._table.write(_new_release(release, self._history.latest_date())):
                return
        raise changed_by_others(f"release {release.release_id}")

    def keys(self, claim: Claim) -> Sequence[str]:
        """The keys of the items that the writes of `claimed` and `resumed` depend on."""
        settles = [] if claim.settles is None else [deployment_key(claim.settles.deployment_id)]
        deployment = claim.deployment
        return (
            deployment.release_id,
            latest_key(deployment.project_id),
            deployment_key(deployment.deployment_id),
            *settles,
        )

    def expected(self, claim: Claim) -> Mapping[str, Item] | None:
        """These items as they are if the claim's release and deployments have not changed since they were read.

        None if the release lists a 5.x deployment, whose entry contains more than a Release does: then only reading
        the item shows it.
        """
        deployments = [claim.deployment] if claim.settles is None else [claim.deployment, claim.settles]
        items = {
            deployment_key(deployment.deployment_id): deployment_item(deployment)
            for deployment in deployments
        }
        if claim.release_is_new:
            return items
        if any(listed.deployment_id is None for listed in claim.release.deployments):
            return None
        return {**items, claim.release.release_id: release_item(claim.release)}

    def claimed(self, claim: Claim, found: Mapping[str, Item]) -> Sequence[Write]:
        """The writes of the deployment, of its release (which lists it), and of the deployment that the claim settles."""
        return [
            Put(intended_item(claim.deployment, claim.observed.fence + 1), IS_NEW),
            *_deployed_release(claim, found),
            *_settled(claim.settles, found),
        ]

    def resumed(self, claim: Claim, found: Mapping[str, Item]) -> Sequence[Write]:
        """The check that the deployment is unchanged. Raises StaleFence if it has got another verdict since."""
        key, status = deployment_key(claim.deployment.deployment_id), claim.deployment.status
        check_can_resume(_recorded(claim.deployment, found), claim.deployment)
        return [Check(key, "#status = :status", {":status": status.value})]


def _deployed_release(claim: Claim, found: Mapping[str, Item]) -> Sequence[Write]:
    deployment = claim.deployment
    if deployment.release_id in found:
        return [_listed(found[deployment.release_id], deployment)]
    if not claim.release_is_new:
        raise NotFound(
            f"release {deployment.release_id} is not recorded", ("look with: ", Command("show-releases"))
        )
    listed = ReleaseDeployment(
        environment=deployment.environment,
        date_created=deployment.date_created,
        requested_by=deployment.requested_by,
        description=deployment.description,
        deployment_id=deployment.deployment_id,
    )
    latest = found.get(latest_key(deployment.project_id))
    release = replace(claim.release, deployments=(listed,))
    return _new_release(release, latest_date(latest) if latest is not None else None)


def _new_release(release: Release, latest: datetime | None) -> Sequence[Write]:
    put = Put(release_item(release), IS_NEW)
    if latest is not None and latest > release.date_created:
        return [put]  # somebody has made a newer release meanwhile, which stays the latest
    newest = Put(
        latest_item(release),
        f"{IS_NEW} OR #latest.#date_created <= :date_created",
        {":date_created": stored_time(release.date_created)},
    )
    return [put, newest]


def _settled(deployment: Deployment | None, found: Mapping[str, Item]) -> Sequence[Write]:
    """The write of the verdict on a deployment that was cut off. Raises StaleFence if it has another verdict."""
    if deployment is None:
        return []
    check_can_settle(_recorded(deployment, found), deployment)
    return [
        Put(
            deployment_item(deployment),
            "#status = :in_progress OR #status = :verdict",
            {":in_progress": IN_PROGRESS, ":verdict": deployment.status.value},
        )
    ]


def _recorded(deployment: Deployment, found: Mapping[str, Item]) -> Deployment | None:
    item = found.get(deployment_key(deployment.deployment_id))
    return read_deployment(item) if item is not None else None


def changed_by_others(name: str) -> Throttled:
    """The error for a record that others changed in each attempt. `name` is the record's name."""
    return Throttled(
        "dynamodb:TransactWriteItems",
        f"the record of {name} was changed by others each time, in {ROUNDS} attempts",
        "run the same command again",
    )


def _listed(item: Item, deployment: Deployment) -> Update:
    """The write that adds the deployment to its release's list, unless somebody changed the list meanwhile."""
    at, before = stored_time(deployment.date_created), item.get("last_date_deployed")
    given: dict[str, Value] = {
        ":listing": listing(item, deployment),
        ":at": max(at, before) if isinstance(before, str) else at,
    }
    condition = "attribute_exists(#release_id) AND attribute_not_exists(#deployments)"
    if "deployments" in item:
        condition = "#deployments = :observed"
        given[":observed"] = item["deployments"]
    return Update(
        deployment.release_id,
        "SET #deployments = :listing, #last_date_deployed = :at",
        condition,
        given,
    )
