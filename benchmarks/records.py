"""Measures what the record of a large deployment costs the table, and the tool's CPU time and memory.

    python -m benchmarks.records [services]

Starts a sandbox whose project has so many services in one environment (300 by default), three of each image, with ten tasks each.
Deploys to all of them, and counts the requests to DynamoDB and their bytes on the way. Ctrl-C and SIGTERM end the sandbox, too.
Needs the package with its extra `sandbox`.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import boto3

from benchmarks.sandbox import TOOL, end, run, variables_of_sandbox, write_project_file
from weco_deploy.sandbox.threads import in_background

SERVICES = 300
SERVICES_OF_AN_IMAGE = 3
TASKS = 10
WRITES = ("TransactWriteItems", "UpdateItem")


class CountingProxy(ThreadingHTTPServer):
    """Passes requests on to DynamoDB, and counts them and their bytes by operation."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(endpoint)
        self.requests: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.counting = Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: CountingProxy
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[-1]
        with self.server.counting:
            self.server.requests[operation] += 1
            self.server.bytes[operation] += len(body)
        onward = http.client.HTTPConnection(self.server.target.hostname or "", self.server.target.port)
        onward.request("POST", self.path, body, dict(self.headers))
        answer = onward.getresponse()
        content = answer.read()
        onward.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server has
        """Log nothing."""


def scale_services(environment: dict[str, str]) -> None:
    """Give each service of the sandbox ten tasks."""
    client = boto3.client(
        "ecs",
        endpoint_url=environment["AWS_ENDPOINT_URL_ECS"],
        region_name=environment.get("AWS_DEFAULT_REGION", "eu-west-1"),
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    for cluster in client.list_clusters()["clusterArns"]:
        for page in client.get_paginator("list_services").paginate(cluster=cluster):
            for service in page["serviceArns"]:
                client.update_service(cluster=cluster, service=service, desiredCount=TASKS)


def deploy(directory: Path, environment: dict[str, str]) -> tuple[float, float, float]:
    """Deploy to all services. Returns the seconds that it took, its CPU seconds, and its peak memory in MB."""
    command = [*TOOL, "--confirm", "deploy", "--environment-id", "stage", "--force-redeploy"]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=directory, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    signal.signal(signal.SIGTERM, end)
    services = int(sys.argv[1]) if len(sys.argv) > 1 else SERVICES
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_project_file(directory, services, SERVICES_OF_AN_IMAGE)
        try:
            run("sandbox", "start", "--detach", directory=directory, environment=dict(os.environ))
            environment = variables_of_sandbox(directory)
            scale_services(environment)
            run("prepare", directory=directory, environment=environment)
            with CountingProxy(environment["AWS_ENDPOINT_URL"]) as proxy:
                in_background("proxy", proxy.serve_forever)
                environment |= {"AWS_ENDPOINT_URL_DYNAMODB": proxy.endpoint}
                elapsed, cpu, memory = deploy(directory, environment)
                proxy.shutdown()
        finally:
            run("sandbox", "stop", directory=directory, environment=dict(os.environ))
    figures = {
        "services": services,
        "seconds": round(elapsed, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_memory_mb": round(memory),
        "requests": dict(proxy.requests),
        "written_kb": round(sum(proxy.bytes[operation] for operation in WRITES) / 1000),
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
