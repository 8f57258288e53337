"""Reads what the pages of `board` show: the state of the environments, and their last deployments with what explains them."""

from __future__ import annotations

from functools import partial

from weco_deploy.model.board import Board
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.operations.show_deployment import details, new_commits, with_log_lines
from weco_deploy.operations.status import status
from weco_deploy.ports import Ports

LISTED = 20
"""How many deployments to each environment have a page."""


def board(ports: Ports) -> Board:
    """The state of the project. The deployments are those that `status` reads; their releases and logs are read side by side.

    An environment that can't be read has its error instead. If that is so of all, the first error is raised.
    """
    found = status(ports, None)
    histories = {id_: state.history for id_, state in found.readable.items()}
    listed = [deployment for history in histories.values() for deployment in history[:LISTED]]
    release_ids = list(dict.fromkeys(deployment.release_id for deployment in listed))
    begun = [ports.calls.begin(partial(ports.store.release, release_id)) for release_id in release_ids]
    explained = with_log_lines(ports, listed)
    releases = dict(zip(release_ids, ports.calls.answers(begun), strict=True))
    commits = [commit for deployment in listed for commit in new_commits(deployment)]
    subjects = ports.history.subjects(list(dict.fromkeys(commits)))
    return Board(
        project_id=ports.project.id,
        project_name=ports.project.name,
        status=found,
        deployments={
            id_: tuple(
                details(
                    deployment,
                    others=history,
                    release=releases[deployment.release_id],
                    subjects=subjects,
                )
                for deployment in explained
                if deployment.environment == id_
            )
            for id_, history in histories.items()
        },
        repository=WebRepository.of(ports.history.remote_url()),
    )
