"""The project that the global options name, and its connection to AWS."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from weco_deploy import config
from weco_deploy.cli import gc_pause, prompts
from weco_deploy.cli.invocation import Invocation, Settings
from weco_deploy.cli.repeated_options import options_for
from weco_deploy.cli.streams import write_notice
from weco_deploy.config import ProjectFile, patterns
from weco_deploy.errors import UsageError
from weco_deploy.model.project import Project
from weco_deploy.model.requests import DEFAULT_DESCRIPTION, DEFAULT_LABEL
from weco_deploy.report.untrusted import one_line

if TYPE_CHECKING:
    from weco_deploy.ports import Ports

DEFAULT_ENVIRONMENT = "stage"
ENVIRONMENT_FLAG = "--environment-id"


class ProjectContext:
    """The project that the global options name. It connects to AWS when AWS is first needed.

    Args:
        invocation: the run.
        purpose: the command, for CloudTrail.
        file: the project file, if it is loaded already.

    """

    def __init__(self, invocation: Invocation, purpose: str, file: ProjectFile | None = None) -> None:
        self.invocation = invocation
        if file is None:
            file = load_project_file(invocation.settings)
        self.project = choose_project(invocation.settings, file)
        if len(file.projects) > 1:  # suggested commands name the project that the user has chosen
            invocation.settings = replace(invocation.settings, project_id=self.project.id)
        self.settings = invocation.settings
        self._purpose = purpose

    @cached_property
    def ports(self) -> Ports:
        self.connected.check_account()  # before any question about resources, which may be those of another account
        return self.connected

    @cached_property
    def connected(self) -> Ports:
        """The ports, whose account has not been checked."""
        # This imports botocore. Usage errors are reported before.
        from weco_deploy.connect import connect

        ports = connect(
            self.project,
            self.invocation.signals,
            purpose=f"{self._purpose} {self.project.id}",
            trace=write_notice if self.settings.verbose else None,
            waiting=self._write_waiting,
        )
        gc_pause.resume()
        return ports

    def _write_waiting(self, message: str) -> None:
        progress = self.invocation.progress
        write_notice(f"{message}: {progress}" if progress else message)

    def check_environment(self, given: str | None) -> None:
        """Raise NotFound if the given environment is unknown. To be called before the first question."""
        if given is not None:
            self.project.environment(given)

    def environment(
        self,
        given: str | None,
        question: str,
        *,
        flag: str = ENVIRONMENT_FLAG,
        default: str | None = DEFAULT_ENVIRONMENT,
    ) -> str:
        """The id of an environment: given, asked for, or the default if the project has this environment.

        If the project has a single environment, that is the default, except where `default` is None.
        """
        known = [environment.id for environment in self.project.environments]
        if default is not None and len(known) == 1:
            default = known[0]
        chosen_id = prompts.value(
            self.settings,
            given,
            flag=flag,
            question=question,
            default=default if default in known else None,
            choices=known,
        )
        return self.project.environment(chosen_id).id

    def release(self, given: str | None, question: str) -> str:
        """The id of a release: given, asked for, or `latest`."""
        from weco_deploy.model.tags import LATEST

        return prompts.value(self.settings, given, flag="--release-id", question=question, default=LATEST)

    def label(self, given: str | None) -> str:
        """The label that a release is made from: given, asked for, or the default."""
        question = "Label to make the release from"
        return prompts.value(
            self.settings, given, flag="--from-label", question=question, default=DEFAULT_LABEL
        )

    def description(self, given: str | None, default: str = DEFAULT_DESCRIPTION) -> str:
        """The description: given, asked for, or the default."""
        return prompts.value(
            self.settings, given, flag="--description", question="Description", default=default
        )

    def where(self, environment_id: str) -> str:
        """The accounts, regions and endpoints that a deployment to the environment uses."""
        return self.ports.places(self.project.environment(environment_id))

    @property
    def options(self) -> tuple[str, ...]:
        """The global options that identify the project. Suggested commands repeat them."""
        return self.settings.project_options

    @property
    def options_shown(self) -> tuple[str, ...]:
        """Those of `options` that text on stdout repeats."""
        return options_for(sys.stdout, self.settings)


def project_file_path(settings: Settings) -> Path:
    """The given project file, or the nearest project file upwards."""
    return Path(settings.project_file) if settings.project_file else config.find(Path.cwd())


def load_project_file(settings: Settings) -> ProjectFile:
    """The given project file, or the nearest project file upwards. Its warnings are written to stderr."""
    loaded = config.load(project_file_path(settings))
    for warning in loaded.warnings:
        write_notice(f"warning: {one_line(warning)}")
    return loaded


def choose_project(settings: Settings, file: ProjectFile) -> Project:
    """The project that is given, or that the user chooses, with the region and role of the global options."""
    project_id = settings.project_id
    if project_id is None and len(file.projects) > 1 and prompts.may_ask(settings):
        project_id = prompts.value(
            settings, None, flag="--project-id", question="Project", choices=list(file.projects)
        )
    project = file.project(project_id)
    check_account_options(settings)
    return replace(
        project,
        region_name=settings.region_name or project.region_name,
        role_arn=settings.role_arn or project.role_arn,
    )


def check_account_options(settings: Settings) -> None:
    """Raise UsageError for a region or role that the project file would not accept."""
    _check("--region-name", settings.region_name, patterns.REGION)
    _check("--role-arn", settings.role_arn, patterns.ROLE_ARN)


def _check(flag: str, value: str | None, pattern: patterns.Pattern) -> None:
    """Raise UsageError if the value of a global option is not what the project file would accept in its place."""
    if value is not None and not pattern.matches(value):
        raise UsageError(f"{flag} {value!r}: expected {pattern.description}")
