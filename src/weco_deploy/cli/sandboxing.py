"""What the commands of `sandbox` do. None of them reaches AWS, and --dry-run means nothing to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from weco_deploy import config
from weco_deploy.cli import gc_pause
from weco_deploy.cli.invocation import Invocation, Settings
from weco_deploy.cli.project_context import project_file
from weco_deploy.cli.streams import write_notice, write_result
from weco_deploy.errors import ProjectFileError
from weco_deploy.report.documents import Document, json_text
from weco_deploy.sandbox import commands, running
from weco_deploy.sandbox import demo as touring
from weco_deploy.sandbox.running import PushedImage


def start(
    invocation: Invocation, *, detach: bool, port: int | None, env_tags: bool, directory: str | None
) -> None:
    settings = invocation.settings
    where = _directory(settings, directory)
    say = _say(settings)
    sample_needed = _project_file(settings) is None
    file = config.load(commands.sample(where, say)) if sample_needed else project_file(settings)
    projects = (
        list(file.projects.values()) if settings.project_id is None else [file.project(settings.project_id)]
    )
    gc_pause.resume()
    commands.start(projects, where, say, project_file=file.path, port=port, detach=detach, env_tags=env_tags)
    _answer(settings, where)


def stop(invocation: Invocation, *, directory: str | None) -> None:
    where = _directory(invocation.settings, directory)
    commands.stop(where, _say(invocation.settings))
    _answer(invocation.settings, where)


def env(invocation: Invocation, *, directory: str | None) -> None:
    where = _directory(invocation.settings, directory)
    lines = commands.env(where)
    if not invocation.settings.json:
        write_result(lines)
    _answer(invocation.settings, where)


def push(invocation: Invocation, *, image_ids: Sequence[str], behaviour: str, directory: str | None) -> None:
    settings = invocation.settings
    pushed = commands.push(
        _directory(settings, directory),
        _say(settings),
        image_ids=image_ids,
        behaviour=behaviour,
        project_id=settings.project_id,
    )
    _answer_pushed(settings, pushed)


def push_all(invocation: Invocation, *, behaviour: str, directory: str | None) -> None:
    settings = invocation.settings
    pushed = commands.push_all(
        _directory(settings, directory), _say(settings), behaviour=behaviour, project_id=settings.project_id
    )
    _answer_pushed(settings, pushed)


def demo(invocation: Invocation) -> int:
    """The tour is text whatever --output says. Answers its exit code."""
    del invocation
    return touring.demo(write_result)


def _say(settings: Settings) -> Callable[[str], None]:
    return write_notice if settings.json else write_result


def _project_file(settings: Settings) -> Path | None:
    if settings.project_file:
        return Path(settings.project_file)
    try:
        return config.find(Path.cwd())
    except ProjectFileError:
        return None  # the sandbox has a sample


def _directory(settings: Settings, given: str | None) -> Path:
    """Where the sandbox's state is: where it was said, else beside the project file, else here."""
    if given:
        return Path(given).absolute()  # the sandbox's processes have a working directory of their own
    found = _project_file(settings)
    return (found.parent if found else Path.cwd()) / commands.DIRECTORY


def _answer(settings: Settings, directory: Path) -> None:
    """With JSON, the sandbox as it is now; what text has to say was said already."""
    if settings.json:
        write_result(json_text(_document(directory)))


def _answer_pushed(settings: Settings, pushed: Sequence[PushedImage]) -> None:
    if settings.json:
        images = [{"image_id": image.image_id, "ref": image.ref, "digest": image.digest} for image in pushed]
        write_result(json_text({"pushed": images}))


def _document(directory: Path) -> Document:
    sandbox = running.load(directory)
    if sandbox is None:
        return {"sandbox": None}
    return {
        "sandbox": {
            "directory": str(sandbox.directory),
            "endpoint": sandbox.endpoint,
            "environment": sandbox.environment(),
        }
    }
