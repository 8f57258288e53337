"""Reads task definitions, each once: a revision of a task definition never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from weco_deploy.errors import AwsError, NoCredentials
from weco_deploy.model.service import DefinedContainer, ServiceKey, Task
from weco_deploy.ports import Calls, ServiceRuntime
from weco_deploy.rules.digests import with_defined_images


class Definitions:
    """The task definitions of one account and region that were read so far."""

    def __init__(self, runtime: ServiceRuntime) -> None:
        self._runtime = runtime
        self._known: dict[str, tuple[DefinedContainer, ...]] = {}

    def unread(self, names: Iterable[str]) -> list[str]:
        """Those of these task definitions that were not read yet, in order."""
        return sorted(name for name in set(names) if name not in self._known)

    def read(self, names: Iterable[str], calls: Calls) -> Mapping[str, tuple[DefinedContainer, ...]]:
        """The containers of these task definitions, without those that can't be read.

        They are additional evidence, and not every role may read them. Only missing credentials raise an error.
        """
        wanted = sorted(set(names))
        unread = self.unread(wanted)
        answers = calls.read(partial(_containers, self._runtime, name) for name in unread)
        self._known |= {
            name: containers
            for name, containers in zip(unread, answers, strict=True)
            if containers is not None
        }
        return {name: self._known[name] for name in wanted if name in self._known}

    def read_all(self, names: Iterable[str], calls: Calls) -> Mapping[str, tuple[DefinedContainer, ...]]:
        """The containers of these task definitions. Raises AwsError if any of them can't be read."""
        wanted = sorted(set(names))
        unread = self.unread(wanted)
        answers = calls.read(partial(self._runtime.defined, name) for name in unread)
        self._known |= dict(zip(unread, answers, strict=True))
        return {name: self._known[name] for name in wanted}

    def with_images(
        self, tasks: Mapping[ServiceKey, tuple[Task, ...]], calls: Calls
    ) -> Mapping[ServiceKey, tuple[Task, ...]]:
        """The tasks, with the images of their definitions where ECS names an image by its digest only."""
        unnamed = {
            task.task_definition
            for found in tasks.values()
            for task in found
            if any(container.named_by_digest for container in task.containers)
        }
        defined = self.read(unnamed, calls)
        return {
            key: tuple(with_defined_images(task, defined.get(task.task_definition, ())) for task in found)
            for key, found in tasks.items()
        }


def _containers(runtime: ServiceRuntime, name: str) -> tuple[DefinedContainer, ...] | None:
    try:
        return runtime.defined(name)
    except NoCredentials:
        raise
    except AwsError:
        return None
