"""The command line.

    main         the tool itself: global options, from arguments to an exit code   (lazy.py: imports commands by name)
    <command>    a file for each command: its options and its body
    command      base classes of commands and groups
    options      options and value types that commands share
    invocation   the global options, and the state of the run that an error report needs

These import nothing heavier than click, so that `--help` is quick. A command's body imports the rest when it runs,
because that brings in AWS, rich and YAML:

    deployments      shared by the commands that deploy   (releases.py: shared by those that make a release)
    project_context  the project file and the connection to AWS
    prompts          questions to the user, or defaults
    event_output     progress, and the approval of a plan
    output           results on stdout, as text or JSON
    error_report     an error as a line or a JSON document   (tracebacks.py: for --verbose)
    streams          stdout and stderr, even if their reader is gone
    gc_pause         pauses garbage collection during the imports
"""
