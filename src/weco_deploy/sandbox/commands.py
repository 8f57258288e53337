"""The commands of `weco-deploy sandbox`. They pass each line for the user to `say`; a dry run changes nothing."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from weco_deploy.errors import Interrupted, SandboxError, UsageError
from weco_deploy.model.project import Project
from weco_deploy.model.tags import is_commit
from weco_deploy.sandbox import running, troubles, updating
from weco_deploy.sandbox.accounts import caller_account
from weco_deploy.sandbox.directory import DIRECTORY, command, dir_option
from weco_deploy.sandbox.ecs.behaviour import parse
from weco_deploy.sandbox.estate import USUAL, Estate
from weco_deploy.sandbox.images import GOOD
from weco_deploy.sandbox.running import PushedImage, Sandbox
from weco_deploy.sandbox.state import MadeService, Ports, PushTarget
from weco_deploy.sandbox.troubles import Trouble
from weco_deploy.sandbox.welcome import PROJECT_FILE, contents, update_lines, welcome

__all__ = ["DIRECTORY", "PROJECT_FILE", "env", "push", "push_all", "sample", "start", "stop", "trouble"]

Say = Callable[[str], None]


def sample(directory: Path, say: Say, *, dry_run: bool = False) -> Path:
    """Write the sample project file into the sandbox's directory, unless it exists; returns its path.

    A dry run returns the path of the original. Raises SandboxError (the directory can't be used).
    """
    original = Path(str(files("weco_deploy.sandbox").joinpath("sample.wellcome_project")))
    file = directory / PROJECT_FILE
    if not dry_run:
        running.prepare(directory)
        if not file.exists():
            file.write_text(original.read_text())
    say(f"There is no {PROJECT_FILE} here or above, so the sandbox gets a sample project: {file}")
    return original if dry_run else file


def start(
    projects: Sequence[Project],
    directory: Path,
    say: Say,
    *,
    project_file: Path,
    port: int | None = None,
    detach: bool = False,
    estate: Estate = USUAL,
    dry_run: bool = False,
) -> None:
    """Start a sandbox with these projects; without `detach` run until Ctrl-C, SIGTERM or `sandbox stop`.

    If a sandbox runs in the directory already, create in it what the projects have and it has not. Raises UsageError and
    SandboxError as `running.start` does.
    """
    existing = running.load(directory)
    if existing is not None:
        _update(existing, projects, say, project_file=project_file, estate=estate, dry_run=dry_run)
        return
    if dry_run:
        account = caller_account(projects)
        running.new_state(projects, Ports(emulator=0, simulation=0), account, estate)
        say(f"A sandbox would be started in {directory}:")
        for line in contents(projects):
            say(line)
        return
    sandbox = running.start(
        projects, directory, port=port, tied=not detach, estate=estate, project_file=project_file
    )
    lines = welcome(sandbox, projects, project_file)
    if detach:
        for line in (*lines, f"End it:                 weco-deploy sandbox stop{dir_option(directory)}"):
            say(line)
    else:
        _run_until_stopped(sandbox, (*lines, "End it:                 Ctrl-C"), say)


def stop(directory: Path, say: Say, *, dry_run: bool = False) -> None:
    """End the sandbox and everything in it. It is no error if none runs."""
    ended = running.exists(directory) if dry_run else running.stop(directory)
    if not ended:
        say(f"No sandbox is running in {directory}.")
    else:
        say(f"The sandbox in {directory} would be ended." if dry_run else "The sandbox has ended.")


def env(directory: Path) -> str:
    """Lines for a shell to evaluate, so that it uses the sandbox. SandboxError if none runs."""
    variables = _running(directory).environment()
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def push(
    directory: Path,
    say: Say,
    *,
    image_ids: Sequence[str],
    behaviour: str = GOOD,
    commit: str | None = None,
    project_id: str | None = None,
    dry_run: bool = False,
) -> tuple[PushedImage, ...]:
    """Push a new version of each of these images with this behaviour, of this commit. A dry run pushes and returns none.

    Raises UsageError (invalid behaviour or commit, image of several projects), NotFound (unknown image: pushes none), SandboxError.
    """
    _check(behaviour, commit)
    sandbox = _running(directory)
    targets = [sandbox.state.target(image_id, project_id) for image_id in dict.fromkeys(image_ids)]
    return _push(sandbox, targets, behaviour, commit, say, dry_run=dry_run)


def push_all(
    directory: Path,
    say: Say,
    *,
    behaviour: str = GOOD,
    commit: str | None = None,
    project_id: str | None = None,
    dry_run: bool = False,
) -> tuple[PushedImage, ...]:
    """Push a new version of every image of the sandbox or of one of its projects. Raises as `push`."""
    _check(behaviour, commit)
    sandbox = _running(directory)
    return _push(sandbox, sandbox.state.targets(project_id), behaviour, commit, say, dry_run=dry_run)


def trouble(
    directory: Path,
    say: Say,
    service_id: str,
    wanted: Trouble,
    *,
    environment_id: str | None = None,
    project_id: str | None = None,
    dry_run: bool = False,
) -> MadeService:
    """Make trouble for a service. Raises as `troubles.make` and `State.service`."""
    sandbox = _running(directory)
    service = sandbox.state.service(service_id, environment_id, project_id)
    if dry_run:
        troubles.check(sandbox, service, wanted)
    else:
        troubles.make(sandbox, service, wanted)
    before = "Dry run, nothing happens: " if dry_run else ""
    when = f", {wanted.when}" if wanted.when else ""
    where = f"{service_id} in {service.environment_id} ({service.cluster}/{service.name})"
    say(f"{before}{where}{when}: {wanted.meaning}")
    if wanted.lasts and not dry_run:
        options = f" --environment-id {shlex.quote(service.environment_id)}{dir_option(directory)}"
        say(f"End it:  weco-deploy sandbox trouble {service_id} none{options}")
    return service


def _update(
    sandbox: Sandbox,
    projects: Sequence[Project],
    say: Say,
    *,
    project_file: Path,
    estate: Estate,
    dry_run: bool,
) -> None:
    say(f"A sandbox is running already: {sandbox.endpoint} (state in {sandbox.directory})")
    if estate not in (USUAL, sandbox.state.estate):
        raise UsageError(
            "a running sandbox keeps the names and tags that it was started with",
            (command(sandbox.directory, "stop"), ", then start it with other options"),
        )
    wanted = updating.wanted_state(sandbox, projects, project_file)
    update = updating.compare(sandbox.state, wanted)
    if not dry_run:
        updating.apply(sandbox, wanted, update)
    for line in update_lines(update, sandbox.directory, dry_run=dry_run):
        say(line)


def _push(
    sandbox: Sandbox,
    targets: Sequence[PushTarget],
    behaviour: str,
    commit: str | None,
    say: Say,
    *,
    dry_run: bool,
) -> tuple[PushedImage, ...]:
    images = []
    for target in targets:
        if dry_run:
            say(
                f"{target.image_id}: a new image would be pushed, and its tag latest moved there. Behaviour: {behaviour}"
            )
            continue
        image = sandbox.push_to(target, behaviour, commit=commit)
        say(f"Pushed {image.image_id} {image.ref}, and moved its tag latest there. It behaves: {behaviour}")
        say(f"  {image.digest}")
        images.append(image)
    return tuple(images)


def _check(behaviour: str, commit: str | None) -> None:
    try:
        parse(behaviour)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if commit is not None and not is_commit(commit):
        raise UsageError(
            f"--commit {commit!r} is not valid",
            'the id of a commit, 7 to 40 hexadecimal digits, such as "$(git rev-parse HEAD)"',
        )


def _running(directory: Path) -> Sandbox:
    sandbox = running.load(directory)
    if sandbox is None:
        raise SandboxError(
            f"no sandbox is running in {directory}",
            (command(directory, "start", "--detach"), "; or name another sandbox's directory with --dir"),
        )
    return sandbox


def _run_until_stopped(sandbox: Sandbox, lines: Sequence[str], say: Say) -> None:
    """Run the sandbox until a signal, or a `sandbox stop` in another process."""
    try:
        for line in lines:
            say(line)
        sandbox.wait()
    except (KeyboardInterrupt, Interrupted):
        say("Ending the sandbox.")
    finally:
        sandbox.stop()
