"""A group that imports its commands when they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from weco_deploy.cli.command import Group, json_errors_if_asked


class LazyGroup(Group):
    """A group whose commands are in separate modules. `modules` maps the commands' names to their modules.

    The command in a module has the command's name, with `_` for `-`. Running a command imports only its module. The group's
    help imports all modules, which is cheap: at module level they import nothing heavier than click.
    """

    modules: Mapping[str, str] = {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            raise click.UsageError("a command is missing", ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # click itself suggests only commands that were imported.
        if args[0] in self.modules or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        likely = " or ".join(repr(name) for name in get_close_matches(args[0], self.modules))
        with json_errors_if_asked(ctx, args):
            raise click.UsageError(
                f"No such command {args[0]!r}.{f' Did you mean {likely}?' if likely else ''}", ctx
            )

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        module = self.modules.get(cmd_name)
        if module is None:
            return None
        command = getattr(import_module(module), cmd_name.replace("-", "_"))
        if not isinstance(command, click.Command):
            raise TypeError(f"{module} has no command {cmd_name}")
        return command
