"""What `prepare` and `update` do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from weco_deploy.cli import prompts
from weco_deploy.cli.invocation import Invocation, Settings
from weco_deploy.cli.options import Names
from weco_deploy.cli.output import answer
from weco_deploy.cli.project_context import Opened
from weco_deploy.model.requests import DEFAULT_DESCRIPTION, DEFAULT_LABEL
from weco_deploy.model.results import PreparedRelease
from weco_deploy.operations import release as operations
from weco_deploy.operations.gates import check_label
from weco_deploy.operations.release import LATEST
from weco_deploy.report.documents import prepared_document
from weco_deploy.report.screen import Screen


def prepare(
    invocation: Invocation, *, from_label: str | None, description: str | None, override_gate: str | None
) -> None:
    opened = Opened(invocation, "prepare")
    settings = opened.settings
    label = label_of(settings, from_label)
    about = description_of(settings, description)
    check_label(label, override_gate, opened.ports)
    prepared = operations.prepare(
        opened.ports, from_label=label, description=about, save=not settings.dry_run, overrides=override_gate
    )
    _answer(settings, prepared)


def update(
    invocation: Invocation,
    *,
    release_id: str | None,
    image_ids: Sequence[str] | None,
    from_label: str | None,
    override_gate: str | None,
) -> None:
    opened = Opened(invocation, "update")
    settings = opened.settings
    base = release_of(settings, release_id, "Release to update")
    images = image_ids or _images(opened)
    for image_id in images:
        opened.project.image(image_id)  # NotFound before AWS is asked anything
    label = label_of(settings, from_label)
    check_label(label, override_gate, opened.ports)
    prepared = operations.update(
        opened.ports,
        release=base,
        image_ids=images,
        from_label=label,
        save=not settings.dry_run,
        overrides=override_gate,
    )
    _answer(settings, prepared)


def label_of(settings: Settings, given: str | None) -> str:
    return prompts.value(
        settings, given, flag="--from-label", question="Label to make the release from", default=DEFAULT_LABEL
    )


def description_of(settings: Settings, given: str | None, default: str = DEFAULT_DESCRIPTION) -> str:
    return prompts.value(settings, given, flag="--description", question="Description", default=default)


def release_of(settings: Settings, given: str | None, question: str) -> str:
    return prompts.value(settings, given, flag="--release-id", question=question, default=LATEST)


def _images(opened: Opened) -> Sequence[str]:
    known = ", ".join(image.id for image in opened.project.images)
    answered = prompts.value(
        opened.settings, None, flag="--image-ids", question=f"Image ids, with commas between them ({known})"
    )
    return Names().convert(answered, None, None)


def unsaved(prepared: PreparedRelease) -> PreparedRelease:
    """As a dry run shows it: without an id, because nobody will find it later."""
    return replace(prepared, release=replace(prepared.release, release_id=""))


def _answer(settings: Settings, prepared: PreparedRelease) -> None:
    shown = unsaved(prepared) if settings.dry_run else prepared

    def text(screen: Screen) -> str:
        from weco_deploy.report.release_text import prepared_text

        return prepared_text(shown, screen)

    answer(settings, lambda: prepared_document(shown), text)
