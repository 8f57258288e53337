"""Lets processes sleep in the virtual time of `benchmarks.aws`: their PYTHONPATH has this directory.

Sleeping takes no time here, and as much there as was asked for.
"""

import http.client
import os
import time

ADDRESS = os.environ["VIRTUAL_TIME"]
slept = 0.0


def sleep(seconds: float) -> None:
    global slept
    connection = http.client.HTTPConnection(ADDRESS)
    connection.request("POST", "/sleep", str(seconds))
    connection.getresponse().read()
    connection.close()
    slept += seconds


real = {"time": time.time, "monotonic": time.monotonic, "perf_counter": time.perf_counter}
time.sleep = sleep  # type: ignore[assignment]  # noqa: TID251 - replaced, not called
time.time = lambda: real["time"]() + slept
time.monotonic = lambda: real["monotonic"]() + slept
time.perf_counter = lambda: real["perf_counter"]() + slept
