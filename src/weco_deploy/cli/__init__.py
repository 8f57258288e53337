"""The command line: what a person or a pipeline types, and what they read.

    main         the command itself, from arguments to an exit code   (lazy.py: subcommands by name)
    <command>    one file a command: its options; click is all that it imports
    options      options and value types that commands share
    invocation   the global options, and what is known when something fails

A command's body imports one of these when it runs, because with them come AWS, rich, YAML:

    releasing, deploying, locking, history, sandboxing
                 what the commands do, by subject
    opening      the project file and the connection to AWS
    asking       questions to a person, defaults otherwise
    telling      progress and the plan's approval
    answering    results to stdout, as text or JSON
    failure      errors to one line, one document, one exit code
"""
