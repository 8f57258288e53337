"""What `show-release`, `show-releases`, `show-deployments` and `show-images` do."""

from __future__ import annotations

from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.output import answer
from weco_deploy.cli.project_context import Opened
from weco_deploy.cli.streams import write_result
from weco_deploy.operations import history as operations
from weco_deploy.operations.release import choose
from weco_deploy.report import documents
from weco_deploy.report.screen import Screen


def show_release(invocation: Invocation, *, release: str, base: str | None) -> None:
    """A release, or if there is a `base`, what it has that the base has not."""
    opened = Opened(invocation, "show-release")
    if base is None:
        _show_whole(opened, release)
    else:
        _show_difference(opened, release, base)


def _show_whole(opened: Opened, release: str) -> None:
    # JSON whatever --output says, as it always was.
    found = choose(opened.ports, release)
    made = operations.release_deployments(opened.ports, found)
    write_result(documents.json_text(documents.release_document(found, made)))


def _show_difference(opened: Opened, release: str, base: str) -> None:
    difference = operations.difference(opened.ports, release, base)

    def text(screen: Screen) -> str:
        from weco_deploy.report.release_text import difference_text

        return difference_text(difference, screen)

    answer(opened.settings, lambda: documents.difference_document(difference), text)


def show_releases(invocation: Invocation, *, limit: int) -> None:
    opened = Opened(invocation, "show-releases")
    releases = operations.releases(opened.ports, limit)

    def text(screen: Screen) -> str:
        from weco_deploy.report.history_text import releases_text

        return releases_text(releases, screen, opened.options)

    answer(opened.settings, lambda: documents.releases_document(releases), text)


def show_deployments(
    invocation: Invocation, *, release: str | None, environment_id: str | None, limit: int
) -> None:
    opened = Opened(invocation, "show-deployments")
    deployments = operations.deployments(
        opened.ports, release=release, environment_id=environment_id, limit=limit
    )

    def text(screen: Screen) -> str:
        from weco_deploy.report.history_text import deployments_text

        return deployments_text(deployments, screen, opened.options)

    answer(opened.settings, lambda: documents.deployments_document(deployments), text)


def show_images(invocation: Invocation, *, label: str) -> None:
    opened = Opened(invocation, "show-images")
    images = operations.images(opened.ports, label)

    def text(screen: Screen) -> str:
        from weco_deploy.report.history_text import images_text

        return images_text(label, images, screen)

    answer(opened.settings, lambda: documents.images_document(images), text)
