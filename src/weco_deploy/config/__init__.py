"""The project file, `.wellcome_project`: from its bytes to `Project`, or to every fault in it at once.

    find      upwards from the working directory             location.py
    read      bounded, UTF-8                                 source.py
    parse     YAML → Node: values as written, with lines     syntax.py  (tree.py is what it makes)
    shape     pydantic: keys, types, forms of ids            schema.py, forms.py  (shape.py words the faults)
    relate    what pydantic can't see: duplicates, gates,
              names that AWS refuses, what is shared         outline.py → consistency.py, sharing.py
    unknown   keys that nothing reads, with their spelling   spelling.py
    build     the entries → Project                          project_file.py, which also calls all of these

Parsing stops at the first syntax error. Everything else is collected in one list of `Fault` and
reported in the file's order, each with its line, its path and what was expected there.
"""

from weco_deploy.config.location import PROJECT_FILE, find
from weco_deploy.config.project_file import ProjectFile, load
from weco_deploy.config.schema import json_schema

__all__ = ["PROJECT_FILE", "ProjectFile", "find", "json_schema", "load"]
