"""Keeps GitHub up to date with a deployment: its status there, and the pull requests whose commits now run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from weco_deploy.errors import Command, NotFound
from weco_deploy.model.commits import CommitsBetween
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.github import DeploymentReport, GitHubSettings
from weco_deploy.model.overdue import OverdueCommits
from weco_deploy.model.project import Environment
from weco_deploy.model.tags import is_commit
from weco_deploy.operations.changes import commits_between_by_image
from weco_deploy.operations.overdue import overdue_commits
from weco_deploy.ports import GitHubError, GitHubRepository, NotDelivered, Ports
from weco_deploy.rules.pull_requests import marks, state_of

MOST_COMMITS = 200
"""How many commits are looked up at GitHub: each takes a request."""


@dataclass(frozen=True, slots=True)
class CommentTexts:
    """The texts of comments.

    Args:
        about: of a deployment that brought (True) or took away (False) a pull request's commits.
        overdue: of a pull request whose commits wait too long.

    """

    about: Callable[[Deployment, bool], str]
    overdue: Callable[[OverdueCommits], str]


def marker(environment_id: str) -> str:
    """What identifies the comment of an environment. Nobody sees it."""
    return f"<!-- weco-deploy {environment_id} -->"


def label(environment_id: str) -> str:
    """The label of pull requests whose commits run in an environment."""
    return f"deployed:{environment_id}"


def overdue_marker(environment_id: str) -> str:
    """What identifies the comment that says that a pull request waits too long for an environment."""
    return f"<!-- weco-deploy overdue {environment_id} -->"


def last_deployment(ports: Ports, environment: Environment) -> Deployment:
    """The environment's last deployment. Raises NotFound if it has none that is recorded with its digests."""
    current = ports.store.environment(environment.id).current
    deployment = ports.store.deployment(current.deployment_id) if current else None
    if deployment is None:
        raise NotFound(f"nothing was deployed to {environment.id} yet", ("deploy first: ", Command("deploy")))
    return deployment


class GitHubUpdate:
    """Writes a deployment to GitHub, before and after its verdict.

    `begin` looks up everything that the verdict needs, because `end` has only a few seconds. A request that fails leaves
    the others alone, unless they would fail, too. Both raise NotDelivered with the first failure.

    Args:
        ports: the project's.
        settings: what is written.
        environment: the environment of the deployment.
        texts: the texts of comments.

    """

    def __init__(
        self, ports: Ports, settings: GitHubSettings, environment: Environment, texts: CommentTexts
    ) -> None:
        self._ports = ports
        self._settings = settings
        self._environment = environment
        self._texts = texts
        self._repository: GitHubRepository | None = None
        self._github_id: int | None = None
        self._between: Mapping[str, CommitsBetween] = {}
        self._pull_requests: dict[str, tuple[int, ...]] = {}
        self._comments: dict[int, int | None] = {}
        self._mentioned: set[int] = set()

    def write(self, deployment: Deployment) -> None:
        """Write a deployment that has ended, whatever GitHub knows of it. Raises NotDelivered."""
        try:
            self.begin(deployment, new=False)
        except NotDelivered as failure:
            self.end(deployment)
            raise failure from None
        self.end(deployment)

    def begin(self, deployment: Deployment, *, new: bool) -> None:
        """Write that the deployment is in progress, and look up the pull requests and comments.

        Args:
            deployment: the deployment, which is recorded.
            new: whether it has just begun; else GitHub may know it already.

        """
        requests = _Requests()
        requests.make(lambda: self._at_github)
        if self._settings.deployments:
            requests.make(partial(self._begin_deployment, deployment, new=new))
        if self._settings.marks_pull_requests:
            self._between = commits_between_by_image(self._ports, deployment)
            commits = [it.commit for found in self._between.values() for it in (*found.added, *found.lost)]
            for commit in list(dict.fromkeys(commits))[:MOST_COMMITS]:
                requests.make(partial(self._look_up, commit))
        if self._settings.comments:
            for number in dict.fromkeys(it for found in self._pull_requests.values() for it in found):
                requests.make(partial(self._find_comment, number))
            for overdue in overdue_commits(self._ports, deployment, newly=new):
                for waiting in overdue.commits[:MOST_COMMITS]:
                    requests.make(partial(self._mention, waiting.commit, overdue))
        requests.check()

    def end(self, deployment: Deployment) -> None:
        """Write the verdict, and mark the pull requests by what runs now."""
        requests = _Requests()
        if self._github_id is not None:
            requests.make(partial(self._report, deployment))
        found = marks(deployment, self._between, self._pull_requests)
        for number in found.deployed:
            if self._settings.labels:
                requests.make(partial(self._at_github.add_label, number, label(self._environment.id)))
        for number in found.removed:
            if self._settings.labels:
                requests.make(partial(self._at_github.remove_label, number, label(self._environment.id)))
        for number in (*found.deployed, *found.removed) if self._settings.comments else ():
            requests.make(partial(self._write_comment, number, deployment, brought=number in found.deployed))
        requests.check()

    @property
    def _at_github(self) -> GitHubRepository:
        if self._repository is None:
            self._repository = self._ports.github()
        return self._repository

    def _begin_deployment(self, deployment: Deployment, *, new: bool) -> None:
        github = self._at_github
        found = None if new else github.deployment(self._environment.id, deployment.deployment_id)
        self._github_id = self._create(deployment) if found is None else found
        if new:
            self._report(deployment)

    def _create(self, deployment: Deployment) -> int:
        commits = [
            change.to_commit
            for change in deployment.images.values()
            if change.to_commit and is_commit(change.to_commit)
        ]
        if not commits:
            raise GitHubError("the commits of the images are not known", lasting=False)
        return self._at_github.create_deployment(
            commit=self._ports.history.newest(commits) or commits[0],
            environment=self._environment.id,
            deployment_id=deployment.deployment_id,
            release_id=deployment.release_id,
            description=deployment.description[:140],
        )

    def _report(self, deployment: Deployment) -> None:
        if self._github_id is not None:
            self._at_github.report(
                self._github_id,
                DeploymentReport(
                    state=state_of(deployment),
                    description=deployment.reason[:140],
                    environment_url=self._environment.url,
                    log_url=deployment.build_url,
                ),
            )

    def _look_up(self, commit: str) -> None:
        self._pull_requests[commit] = tuple(self._at_github.pull_requests(commit))

    def _find_comment(self, number: int) -> None:
        self._comments[number] = self._at_github.comment(number, marker(self._environment.id))

    def _mention(self, commit: str, overdue: OverdueCommits) -> None:
        """Say once at the pull requests of an overdue commit that they wait."""
        at_github, mark = self._at_github, overdue_marker(overdue.target)
        for number in at_github.pull_requests(commit):
            if number not in self._mentioned:
                self._mentioned.add(number)
                if at_github.comment(number, mark) is None:
                    at_github.write_comment(number, f"{self._texts.overdue(overdue)}\n\n{mark}", None)

    def _write_comment(self, number: int, deployment: Deployment, *, brought: bool) -> None:
        if number not in self._comments:  # it could not be looked up: another comment would repeat it
            return
        text = f"{self._texts.about(deployment, brought)}\n\n{marker(self._environment.id)}"
        self._at_github.write_comment(number, text, self._comments[number])


class _Requests:
    """Makes requests until one fails in a way that the others would fail, too, and keeps the first failure."""

    def __init__(self) -> None:
        self._failure = ""
        self._over = False

    def make(self, request: Callable[[], object]) -> None:
        if self._over:
            return
        try:
            request()
        except GitHubError as error:
            self._failure = self._failure or str(error)
            self._over = error.lasting

    def check(self) -> None:
        """Raise NotDelivered if a request failed."""
        if self._failure:
            raise NotDelivered(self._failure)
