"""A local AWS to try everything on: no account, no Docker, no network but loopback.

    running.start(projects, directory) → Sandbox       make one, filled and steady
    running.load(directory) → Sandbox | None           find the one that runs there
    Sandbox.environment() .push() .stop()              use it

Three processes take part:

    this one              starts it, fills it, pushes images        running, provision, steadiness, commands, demo
    └── the supervisor    the simulated engine; keeps order         server (seen from outside: supervisor), engine/
        └── MiniStack     ECR, ECS, DynamoDB, STS, tagging, logs    emulator

Each ends with the one above it (`lifeline.py`), unless the supervisor is detached, and is known by a lock on a
file (`pidfile.py`) in the sandbox's directory, where `state.py` also keeps how to reach it.

An image says in its labels how its containers behave (`behaviour.py`); MiniStack's ECS asks the engine to run
them, and the engine works out what would have become of them.

Nothing is imported here: the two child processes need neither boto3 nor the rest.
"""
