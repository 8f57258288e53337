"""A local AWS to try the tool on. Needs no account and no Docker, and listens only on loopback.

    running.start(projects, directory) → Sandbox       starts a sandbox and fills it; all services run then
    running.load(directory) → Sandbox | None           finds a running sandbox
    Sandbox.environment() .push() .call() .stop()      uses it

Three processes:

    the caller            starts and fills the sandbox, pushes images,   running, provision, commands, demo
                          adds to it, makes trouble                      updating, troubles
    └── the supervisor    serves the simulated ECS, runs MiniStack       server (its client: supervisor), simulation_server
        └── MiniStack     ECR and DynamoDB                               emulator

A process ends with its parent (`parent_death.py`), except a detached supervisor. Each process holds a lock on
a file in the sandbox's directory (`pidfile.py`). The ports, the images and the services are in `state.py`'s file;
`estate.py` says how they are named.

`ecs/` simulates ECS, the tagging API, STS, logs and the health of targets; `simulation_server.py` and `wire.py` put
AWS's protocols in front of it. The simulation asks MiniStack's ECR, through `registry.py`, which image a tag leads to.
The labels of an image say how its containers behave (`ecs/behaviour.py`).

This module imports nothing, because the child processes need neither boto3 nor the other modules.
"""
