"""Accounts in words: services, each with a cluster, a name and images."""

from __future__ import annotations

from weco_deploy.model.image import Repository
from weco_deploy.model.inventory import EcrTag, Inventory, ListedService, Proposal, Selection
from weco_deploy.model.project import Project
from weco_deploy.model.service import Service, ServiceKey
from weco_deploy.rules.inventory.proposal import propose

ACCOUNT = "111122223333"
REGISTRY = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
TEMPLATE = Project(id="shop", name="shop", account_id=ACCOUNT, release_table="wellcome-releases-shop")


def service(
    cluster: str,
    name: str,
    *images: str,
    tags: tuple[str, str] | None = None,
    controller: str = "ECS",
    status: str = "ACTIVE",
) -> ListedService:
    """A service whose images are `repository:tag` of the account's registry, or whole names with a host.

    `tags` are the values of deployment:service and deployment:env.
    """
    return ListedService(
        Service(
            key=ServiceKey(f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/{cluster}", name),
            arn=f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/{cluster}/{name}",
            status=status,
            desired=1,
            running=1,
            controller=controller,
            service_id=tags[0] if tags else None,
            environment=tags[1] if tags else None,
        ),
        tuple(
            image if image.partition("/")[0].endswith((".com", ".io")) else f"{REGISTRY}/{image}"
            for image in images
        ),
    )


def proposed(*services: ListedService, selection: Selection | None = None, lacking: str = "") -> Proposal:
    """What is proposed for an account with these services; `lacking` is a repository that does not exist."""
    named = {tag.repository for item in services for tag in map(EcrTag.parse, item.images) if tag}
    inventory = Inventory(
        account_id=ACCOUNT,
        region_name="eu-west-1",
        services=services,
        repositories={name: Repository(name=name, uri="") for name in named - {lacking}},
    )
    return propose(inventory, selection or Selection(), TEMPLATE)


def project_of(proposal: Proposal) -> Project:
    assert proposal.project is not None, proposal.unplaced
    return proposal.project


def places(project: Project) -> dict[str, dict[str, str]]:
    """By environment and service id the ECS service that the project names."""
    return {
        environment.id: {
            service_id: str(key) for service_id, key in sorted(project.named_services(environment).items())
        }
        for environment in project.environments
    }


def reasons(proposal: Proposal) -> dict[str, str]:
    return {item.name: item.why for item in proposal.unplaced}
