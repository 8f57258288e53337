"""Makes a project from what an account has."""

from __future__ import annotations

from dataclasses import replace

from weco_deploy.errors import NotFound
from weco_deploy.model.inventory import Inventory, Proposal, Selection, Unplaced
from weco_deploy.model.project import Project
from weco_deploy.pipeline.inventory import InventoryReader
from weco_deploy.rules.inventory.proposal import propose, with_version_patterns

SHOWN = 20
"""How many reasons an error has."""


def init(reader: InventoryReader, template: Project, selection: Selection) -> Proposal:
    """The project that describes the services of an account.

    Args:
        reader: reads the account.
        template: has the project's id, role, account and region.
        selection: what to look at.

    Raises:
        NotFound: no service fits.

    """
    inventory = reader.read(template.account_id or "", template.region_name, selection)
    proposal = propose(inventory, selection, template)
    if proposal.project is None:
        raise _nothing_fits(inventory, selection, proposal.unplaced)
    return replace(proposal, project=with_version_patterns(proposal.project, reader.tags(proposal.project)))


def _nothing_fits(inventory: Inventory, selection: Selection, unplaced: tuple[Unplaced, ...]) -> NotFound:
    where = f"in {inventory.region_name} of account {inventory.account_id}"
    if not inventory.services:
        return NotFound(
            f"there are no ECS services {where}",
            "is it the right account and region? --role-arn and --region-name choose others",
        )
    looked_at = sum(
        1 for listed in inventory.services if selection.has_cluster(listed.service.key.cluster_name)
    )
    reasons = [f"  {item.name}: {item.why}" for item in unplaced[:SHOWN]]
    if len(unplaced) > SHOWN:
        reasons.append(f"  … and {len(unplaced) - SHOWN} more")
    selected = " (by --cluster and --repository)" if selection != Selection() else ""
    return NotFound(
        "\n".join(
            [
                f"no ECS service fits: looked at {looked_at} of {len(inventory.services)} {where}{selected}",
                *reasons,
            ]
        ),
        "task definitions need images of this account's ECR with a tag for each environment, such as env.stage",
    )
