"""CloudWatch Logs: what containers print, and the port LogReader that reads it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.world.gate import Gate
from tests.world.run import Run
from weco_deploy.model.service import DefinedContainer


class LogStreams:
    """All log streams: a container of a task that has awslogs writes to `<prefix>/<container>/<task id>`."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, str], list[str]] = {}

    def write(self, region: str, group: str, stream: str, lines: Sequence[str]) -> None:
        self._lines.setdefault((region, group, stream), []).extend(lines)

    def printed(self, container: DefinedContainer, task_id: str, region: str, lines: Sequence[str]) -> None:
        """A container of a task in `region` prints lines; without awslogs they are lost."""
        where = address(container, task_id, region)
        if where is not None:
            self.write(*where, lines)

    def read(self, where: tuple[str, str, str]) -> tuple[str, ...]:
        return tuple(self._lines.get(where, ()))


def address(container: DefinedContainer, task_id: str, region: str) -> tuple[str, str, str] | None:
    """Region, group and stream of a container's log, if it has one. `region` is that of its task."""
    group, prefix = container.log_group, container.log_stream_prefix
    if container.log_driver != "awslogs" or group is None or prefix is None:
        return None
    return container.log_region or region, group, f"{prefix}/{container.name}/{task_id}"


class WorldLogs:
    def __init__(self, streams: LogStreams, region: str, gate: Gate, run: Run) -> None:
        self._streams = streams
        self._region = region
        self._gate = gate
        self._run = run

    def tail(self, container: DefinedContainer, task_id: str, lines: int) -> tuple[str, ...]:
        with self._gate.passing(self._run, "logs.tail", container.name, task_id):
            where = address(container, task_id, self._region)
            return self._streams.read(where)[-lines:] if where is not None else ()
