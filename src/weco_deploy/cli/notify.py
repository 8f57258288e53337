from __future__ import annotations

import click

from weco_deploy import exit_codes
from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("notify", cls=Command, short_help="Show where messages about deployments go, or test it.")
@options.environment("Only the destinations of this environment.  [default: all]")
@click.option(
    "--test",
    envvar="WECO_DEPLOY_TEST",
    is_flag=True,
    help="Send a test message to each destination. The exit code is 1 if one could not be sent.",
)
@click.pass_obj
def notify(invocation: Invocation, *, environment_id: str | None, test: bool) -> int:
    """Show where messages about deployments go, and about which events; with --test send a message to each.

    The project file describes the destinations (notify). Their URLs are secrets, and are not shown.
    """
    from functools import partial

    from weco_deploy.cli.output import announce_dry_run, print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.errors import NotFound
    from weco_deploy.model.notification import DestinationTest
    from weco_deploy.operations.destinations import send_tests
    from weco_deploy.report.documents import destinations_document
    from weco_deploy.report.messages import trial_message
    from weco_deploy.report.screen import Screen

    context = ProjectContext(invocation, "notify")
    project = context.project
    context.check_environment(environment_id)
    destinations = project.destinations(environment_id) if environment_id else project.notify
    if not destinations:
        where = f" for {environment_id}" if environment_id else ""
        raise NotFound(
            f"project {project.id} has no destinations of messages{where}",
            "describe them in the project file, with the key notify",
        )
    tests = tuple(DestinationTest(destination=destination) for destination in destinations)
    if test:
        announce_dry_run(context.settings)
    if test and not context.settings.dry_run:
        tests = tuple(send_tests(context.ports, destinations, partial(trial_message, project=project)))

    def text(screen: Screen) -> str:
        from weco_deploy.report.destinations_text import destinations_text

        return destinations_text(tests, screen)

    print_result(context.settings, lambda: destinations_document(tests), text)
    failed = any(result.sent is False for result in tests)
    return exit_codes.FAILED if failed else exit_codes.DONE
