"""Images that can be published: from the Docker Engine, or from an OCI layout."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from weco_deploy.model.events import Event, Notice
from weco_deploy.model.image import Manifest
from weco_deploy.model.publication import LayerState, LocalImage
from weco_deploy.pipeline.upload import check, megabytes, upload
from weco_deploy.ports import ImageLayout, Ports
from weco_deploy.rules.publishing import is_same

BETWEEN_PROGRESS = timedelta(seconds=10)


class Publishable(Protocol):
    """An image on this machine. `name` is for people; `digest` is None while only a push determines it."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str | None: ...

    def is_same(self, manifest: Manifest) -> bool:
        """Whether a registry's image with this manifest is this image."""

    def check(self, ports: Ports) -> None:
        """Check, before anything is pushed, that it can be pushed. Raises BadImageLayout, Interrupted."""

    def push(self, repository: str, ref: str, ports: Ports, notify: Callable[[Event], None]) -> str:
        """Push it to the repository with the tag `ref`, and return its digest."""


class EngineImage:
    """An image of the Docker Engine, which pushes it by the registry's own protocol."""

    digest = None

    def __init__(self, image: LocalImage) -> None:
        self.name = f"the image {image.name}"
        self._image = image

    def is_same(self, manifest: Manifest) -> bool:
        return is_same(self._image, manifest)

    def check(self, ports: Ports) -> None:
        """There is nothing to check: the engine has checked its images itself."""

    def push(self, repository: str, ref: str, ports: Ports, notify: Callable[[Event], None]) -> str:
        login = ports.publishing.uploads.login()
        address = f"{login.host}/{repository}"
        notify(Notice(f"the Docker Engine pushes {self._image.name} to {address}:{ref}"))
        layers = _LayerNotices(ports.clock.utc, notify)
        return ports.publishing.engine().push(self._image, address, ref, login, layers)


class LayoutImageFile:
    """The image of an OCI layout, uploaded through ECR's API: no registry password is needed."""

    def __init__(self, layout: ImageLayout) -> None:
        self.name = f"the image in {layout.name}"
        self._layout = layout
        self._image = layout.image()

    @property
    def digest(self) -> str:
        return self._image.top.digest

    def is_same(self, manifest: Manifest) -> bool:
        return manifest.digest == self.digest

    def check(self, ports: Ports) -> None:
        check(self._layout, self._image, ports)

    def push(self, repository: str, ref: str, ports: Ports, notify: Callable[[Event], None]) -> str:
        upload(self._layout, self._image, repository, ports, notify)
        ports.registry.point(repository, ref, self._image.top)
        return self.digest


class _LayerNotices:
    """Notifies of each change of a layer's state, and every ten seconds of its progress."""

    def __init__(self, now: Callable[[], datetime], notify: Callable[[Event], None]) -> None:
        self._now = now
        self._notify = notify
        self._known: dict[str, str] = {}
        self._last = now()

    def __call__(self, state: LayerState) -> None:
        changed = self._known.get(state.layer) != state.status
        self._known[state.layer] = state.status
        if changed or self._now() - self._last >= BETWEEN_PROGRESS:
            self._last = self._now()
            self._notify(Notice(f"layer {state.layer}: {state.status}{_progress(state)}"))


def _progress(state: LayerState) -> str:
    if not state.sent or not state.size:
        return ""
    return f", {megabytes(state.sent)} of {megabytes(state.size)}"
