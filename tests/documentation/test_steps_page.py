"""The complete example on the page about steps is a valid project file, with every kind of step."""

from __future__ import annotations

from pathlib import Path

from weco_deploy.config import load

PAGE = Path(__file__).parents[2] / "docs" / "steps.md"


def test_complete_example_loads_without_warnings(tmp_path: Path) -> None:
    example = PAGE.read_text().partition("```yaml\n")[2].partition("```")[0]
    path = tmp_path / ".wellcome_project"
    path.write_text(example)

    file = load(path)

    assert not file.warnings
    project = file.projects["catalogue"]
    stage = project.environment("stage")
    assert (len(stage.before), len(stage.checks), len(project.after), len(project.notify)) == (1, 1, 1, 1)
    assert project.github is not None
