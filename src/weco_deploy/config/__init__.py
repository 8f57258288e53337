"""Loads the project file, `.wellcome_project`: returns its projects, or raises one error with all of its problems.

    find, read      looks upwards from the working directory; at most 1 MB    location.py
    parse           YAML text → nodes, which know their lines and paths       syntax.py, nodes.py
    validate        keys and types (pydantic), valid ids and names            schema.py, patterns.py
    compare         duplicates, requirements, names that AWS refuses,
                    templates of names,
                    tags and tables that projects share                       outline.py → consistency.py, templates.py,
                                                                              sharing.py
    unknown keys    warnings with the likely spelling                         spelling.py
    build           entries → Project                                         project_file.py, which calls all of these

Editors get a JSON Schema of the file, made from the same keys and types: json_schema.py.

A syntax error ends loading at once. All other problems are collected and reported in the order of the file, each with
its line, its path and the expected value.
"""

from weco_deploy.config.json_schema import json_schema
from weco_deploy.config.location import PROJECT_FILE, find
from weco_deploy.config.project_file import ProjectFile, load

__all__ = ["PROJECT_FILE", "ProjectFile", "find", "json_schema", "load"]
