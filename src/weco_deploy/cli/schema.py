from __future__ import annotations

import click

from weco_deploy.cli.command import Command


@click.command("schema", cls=Command, short_help="Print the JSON Schema of the project file.")
def schema() -> None:
    """Print the JSON Schema of the project file, with which editors complete and check it.

    Save it next to the project file, and begin the project file with a line that names it:

    \b
      weco-deploy schema > .wellcome_project.schema.json
      # yaml-language-server: $schema=.wellcome_project.schema.json
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with this control character
    import json

    from weco_deploy.cli.streams import write_result
    from weco_deploy.config import json_schema

    write_result(json.dumps(json_schema(), indent=2))
