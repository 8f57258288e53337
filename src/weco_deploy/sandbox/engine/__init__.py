"""The simulated container engine: Docker's Engine API, as much as the emulator's ECS calls, over nothing.

    containers.py   the lives of containers: what has become of each by now, and waiting for what comes next
    routes.py       which request means what, and how the answers look
    server.py       HTTP, on a free loopback port

No process is ever run. What a container does follows from its image's behaviour (`sandbox/behaviour.py`) and
from the time since it was started, so there are no timers: asking is what brings a life up to date.
"""
