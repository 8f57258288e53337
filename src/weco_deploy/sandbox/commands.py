"""The commands of `weco-deploy sandbox`. They pass each line for the user to `say`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from weco_deploy.errors import Interrupted, SandboxError, UsageError
from weco_deploy.model.project import Project
from weco_deploy.sandbox import running
from weco_deploy.sandbox.ecs.behaviour import parse
from weco_deploy.sandbox.images import GOOD
from weco_deploy.sandbox.provision import USUAL, Estate
from weco_deploy.sandbox.running import PushedImage, Sandbox
from weco_deploy.sandbox.state import PushTarget

DIRECTORY = ".weco-sandbox"
"""The sandbox's directory, next to the project file."""
PROJECT_FILE = ".wellcome_project"


def sample(directory: Path, say: Callable[[str], None]) -> Path:
    """Write the sample project file into the sandbox's directory, unless it exists; returns its path."""
    file = directory / PROJECT_FILE
    if not file.exists():
        directory.mkdir(parents=True, exist_ok=True)
        file.write_text(files("weco_deploy.sandbox").joinpath("sample.wellcome_project").read_text())
    say(f"There is no {PROJECT_FILE} here or above, so the sandbox gets a sample project: {file}")
    return file


def start(
    projects: Sequence[Project],
    directory: Path,
    say: Callable[[str], None],
    *,
    project_file: Path,
    port: int | None = None,
    detach: bool = False,
    estate: Estate = USUAL,
) -> None:
    """Start a sandbox with these projects; without `detach` run until Ctrl-C, SIGTERM or `sandbox stop`.

    If a sandbox runs in the directory already, only say so. Raises SandboxError as `running.start` does.
    """
    existing = running.load(directory)
    if existing is not None:
        say(f"A sandbox is running already: {existing.endpoint} (state in {directory})")
        return
    sandbox = running.start(
        projects, directory, port=port, tied=not detach, estate=estate, project_file=project_file
    )
    welcome = _welcome(sandbox, projects, project_file)
    if detach:
        for line in (*welcome, f"End it:                 weco-deploy sandbox stop{_dir_option(directory)}"):
            say(line)
    else:
        _run_until_stopped(sandbox, (*welcome, "End it:                 Ctrl-C"), say)


def stop(directory: Path, say: Callable[[str], None]) -> None:
    """End the sandbox and everything in it. It is no error if none runs."""
    ended = running.stop(directory)
    say("The sandbox has ended." if ended else f"No sandbox is running in {directory}.")


def env(directory: Path) -> str:
    """Lines for a shell to evaluate, so that it uses the sandbox. SandboxError if none runs."""
    variables = _running(directory).environment()
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def push(
    directory: Path,
    say: Callable[[str], None],
    *,
    image_ids: Sequence[str],
    behaviour: str = GOOD,
    project_id: str | None = None,
) -> tuple[PushedImage, ...]:
    """Push a new version of each of these images with this behaviour.

    Raises UsageError (invalid behaviour), NotFound (unknown image: pushes none), SandboxError.
    """
    _check(behaviour)
    sandbox = _running(directory)
    targets = [sandbox.target(image_id, project_id) for image_id in dict.fromkeys(image_ids)]
    return _push(sandbox, targets, behaviour, say)


def push_all(
    directory: Path,
    say: Callable[[str], None],
    *,
    behaviour: str = GOOD,
    project_id: str | None = None,
) -> tuple[PushedImage, ...]:
    """Push a new version of every image of the sandbox or of one of its projects. Raises as `push`."""
    _check(behaviour)
    sandbox = _running(directory)
    return _push(sandbox, sandbox.targets(project_id), behaviour, say)


def _push(
    sandbox: Sandbox, targets: Sequence[PushTarget], behaviour: str, say: Callable[[str], None]
) -> tuple[PushedImage, ...]:
    images = []
    for target in targets:
        image = sandbox.push_to(target, behaviour)
        say(f"Pushed {image.image_id} {image.ref}, and moved its tag latest there. It behaves: {behaviour}")
        say(f"  {image.digest}")
        images.append(image)
    return tuple(images)


def _check(behaviour: str) -> None:
    try:
        parse(behaviour)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _running(directory: Path) -> Sandbox:
    sandbox = running.load(directory)
    if sandbox is None:
        raise SandboxError(
            f"no sandbox is running in {directory}", "weco-deploy sandbox start --detach, or say where: --dir"
        )
    return sandbox


def _run_until_stopped(sandbox: Sandbox, welcome: Sequence[str], say: Callable[[str], None]) -> None:
    """Run the sandbox until a signal, or a `sandbox stop` in another process."""
    try:
        for line in welcome:
            say(line)
        sandbox.wait()
    except (KeyboardInterrupt, Interrupted):
        say("Ending the sandbox.")
    finally:
        sandbox.stop()


def _welcome(sandbox: Sandbox, projects: Sequence[Project], project_file: Path) -> list[str]:
    directory = _dir_option(sandbox.directory)
    project = projects[0]
    tool = f"weco-deploy{_file_option(project_file)}"
    if len(projects) > 1:
        tool += f" --project-id {shlex.quote(project.id)}"
    first_image = project.images[0].id if project.images else "IMAGE_ID"
    first_environment = project.environments[0].id if project.environments else "ENVIRONMENT_ID"
    return [
        f"The sandbox is ready: {sandbox.endpoint}",
        *(f"  {_contents(project)}" for project in projects),
        f'Use it in a shell:      eval "$(weco-deploy sandbox env{directory})"',
        f"Push a new image:       weco-deploy sandbox push {first_image}{directory}",
        f"Deploy what is latest:  {tool} release-deploy --from-label latest --environment-id {first_environment}",
    ]


def _contents(project: Project) -> str:
    environments = ", ".join(environment.id for environment in project.environments)
    return (
        f"{project.id}: {_count_text(len(project.images), 'image')}, "
        f"{_count_text(len(project.services), 'service')} in each of {environments or 'no environments'}"
    )


def _count_text(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _dir_option(directory: Path) -> str:
    """The option that names the sandbox for commands run here; empty if it is the default."""
    default = Path.cwd() / DIRECTORY
    return "" if directory.absolute() == default else f" --dir {shlex.quote(str(directory))}"


def _file_option(project_file: Path) -> str:
    default = Path.cwd() / PROJECT_FILE
    return "" if project_file.absolute() == default else f" -f {shlex.quote(str(project_file))}"
