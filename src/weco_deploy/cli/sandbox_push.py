"""The command `sandbox push`."""

from __future__ import annotations

import click

from weco_deploy.cli import completion
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.sandbox_directory import directory, directory_of, say, warn_if_project_file_changed
from weco_deploy.errors import UsageError


@click.command("push", cls=Command, short_help="Push new images, as a build pipeline would.")
@click.argument("image_ids", nargs=-1, metavar="IMAGE_ID...", shell_complete=completion.images)
@click.option(
    "--all",
    "all_images",
    envvar="WECO_DEPLOY_ALL",
    is_flag=True,
    help="A new image for each repository of the sandbox.",
)
@click.option(
    "--behaviour",
    envvar="WECO_DEPLOY_BEHAVIOUR",
    metavar="BEHAVIOUR",
    default="good",
    show_default=True,
    help="What its containers do, see above.",
)
@click.option(
    "--commit",
    envvar="WECO_DEPLOY_COMMIT",
    metavar="SHA",
    help='The commit that they are built from, such as "$(git rev-parse HEAD)".  [default: a random one for each]',
)
@directory
@click.pass_obj
def push(
    invocation: Invocation,
    *,
    image_ids: tuple[str, ...],
    all_images: bool,
    behaviour: str,
    commit: str | None,
    directory: str | None,
) -> None:
    """Push new images as a build pipeline would, tagged with their commit and latest: those named, or --all.

    \b
    Behaviours:
      good                  it runs until it is stopped
      slow=SECONDS          it takes so long to start
      crash[=CODE]          it exits as it starts
      crash-later=SECONDS   it exits so long after its start
      unhealthy             it runs, but fails its health checks
      protected=SECONDS     its tasks protect themselves from scale-in
      unpullable            it can't be pulled
      flaky=N               the first N starts of a deployment crash

    \b
    More after commas, lines= last:
      code=N                the exit code, 1 unless given
      start=SECONDS         how long it takes to start
      command=SECONDS       how long it runs as a task with a command, 10 unless given
      command-code=N        its exit code then, 0 unless given
      lines=TEXT|TEXT       what it logs

    Seconds are ECS's, which pass 30 times as fast in the sandbox: an image with slow=60 starts after two. For example
    --behaviour 'crash=3,lines=connecting|connection refused'.
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with the character \b
    from weco_deploy.sandbox import commands

    if all_images == bool(image_ids):
        raise UsageError(
            "either name the images to push or say --all" if image_ids else "no image is named",
            "as in `weco-deploy sandbox push IMAGE_ID` or `weco-deploy sandbox push --all`",
        )
    settings = invocation.settings
    where, write = directory_of(settings, directory), say(settings)
    warn_if_project_file_changed(settings, where)
    if all_images:
        pushed = commands.push_all(
            where,
            write,
            behaviour=behaviour,
            commit=commit,
            project_id=settings.project_id,
            dry_run=settings.dry_run,
        )
    else:
        pushed = commands.push(
            where,
            write,
            image_ids=image_ids,
            behaviour=behaviour,
            commit=commit,
            project_id=settings.project_id,
            dry_run=settings.dry_run,
        )
    if settings.json:
        from weco_deploy.cli.streams import write_result
        from weco_deploy.report.documents import json_text

        images = [{"image_id": image.image_id, "ref": image.ref, "digest": image.digest} for image in pushed]
        write_result(json_text({"pushed": images, "dry_run": settings.dry_run}))
