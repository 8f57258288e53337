"""Makes a release of what a label points at, or of a commit."""

from __future__ import annotations

from collections.abc import Callable

from weco_deploy.errors import NothingToRelease
from weco_deploy.model.events import Event
from weco_deploy.model.release import Release
from weco_deploy.model.requests import DEFAULT_LABEL, ReleaseRequest
from weco_deploy.model.results import PreparedRelease
from weco_deploy.operations.commit_release import commit_release
from weco_deploy.operations.release import (
    check_complete,
    described,
    find_labelled,
    finished,
    new_release,
    versions,
)
from weco_deploy.operations.runnable_images import check_runnable
from weco_deploy.operations.wait_for_images import wait_for_images
from weco_deploy.ports import Ports


def prepare(
    ports: Ports, request: ReleaseRequest, notify: Callable[[Event], None], *, save: bool
) -> PreparedRelease:
    """The release of `make_release`, compared with the newest one. It is recorded if `save`.

    Raises also PlanRefused if ECS can't run its images, which the plan of a deployment finds too.
    """
    latest = ports.calls.begin(ports.store.latest)
    release = make_release(ports, request, notify)
    check_runnable(ports, release.images)
    return finished(ports, release, latest.result(), save=save)


def make_release(ports: Ports, request: ReleaseRequest, notify: Callable[[Event], None]) -> Release:
    """A release that is not recorded yet.

    Raises:
        NothingToRelease: there is no image for it. IncompleteRelease: some images lack the label, or a version of the commit or
        an earlier one, and are not optional; never for a label with `allow_partial`. PlanRefused: nothing names the
        version of an image that has the label. ImagesNotPushed: images were not there when the waiting time ended. For a
        commit also what `named_commit` raises.

    """
    if request.commit is not None:
        return commit_release(ports, request, request.commit, notify)
    return _labelled_release(ports, request, request.from_label or DEFAULT_LABEL, notify)


def _labelled_release(
    ports: Ports, request: ReleaseRequest, label: str, notify: Callable[[Event], None]
) -> Release:
    caller = ports.calls.begin(ports.caller)
    wait_for_images(
        ports,
        f"tagged {label}",
        lambda image: find_labelled(ports, label, image) is not None,
        request.wait_for_images,
        notify,
    )
    found = versions(ports, ports.project.images, label)
    if not any(found.values()):
        raise NothingToRelease(
            f"nothing to release: no image of project {ports.project.id} is tagged {label}",
            "push images first, or choose another label with --from-label",
        )
    release = new_release(
        ports,
        caller.result(),
        found,
        description=described(request.description, request.overrides),
        from_label=label,
    )
    if not request.allow_partial:
        check_complete(
            release, ports.project, f"no image is tagged {label} there", f"push an image tagged {label}"
        )
    return release
