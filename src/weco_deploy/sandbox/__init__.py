"""A local AWS to try the tool on. Needs no account and no Docker, and listens only on loopback.

    running.start(projects, directory) → Sandbox       starts a sandbox, fills it and waits until it is steady
    running.load(directory) → Sandbox | None           finds a running sandbox
    Sandbox.environment() .push() .stop()              uses it

Three processes:

    the caller            starts and fills the sandbox, pushes images    running, provision, steadiness, commands, demo
    └── the supervisor    runs the simulated engine and MiniStack        server (its client: supervisor), engine/
        └── MiniStack     ECR, ECS, DynamoDB, STS, tagging, logs         emulator

A process ends with its parent (`parent_death.py`), except a detached supervisor. Each process holds a lock on
a file in the sandbox's directory (`pidfile.py`). The port and the pushed images are in `state.py`'s file.

The labels of an image say how its containers behave (`behaviour.py`). MiniStack's ECS asks the engine to run
the containers, and the engine computes their states.

This module imports nothing, because the two child processes need neither boto3 nor the other modules.
"""
