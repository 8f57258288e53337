"""The command line: what a person or a pipeline types, and what they read.

    main         the tool itself: global options, from arguments to an exit code   (lazy.py: commands by name)
    <command>    one file a command: its options, and what it does
    command      click's commands and groups, as this tool has them
    options      options and value types that commands share
    invocation   the global options, and what is known of the run when something fails
    exit_codes   exit codes of deployments and errors

These import click and nothing heavier, so that `--help` is quick. A command's body imports the rest when it runs,
because AWS, rich and YAML come with it:

    deployments      what the commands that deploy share;  releases: those that make a release
    project_context  the project file and the connection to AWS
    prompts          questions to a person, defaults otherwise
    event_output     progress, and the approval of a plan
    output           results to stdout, as text or JSON
    error_report     errors to one line or one document   (tracebacks.py: where they came from)
    streams          stdout and stderr, also where nobody reads them any more
    gc_pause         no garbage collection during the imports
"""
