"""Adapters to this machine: clock, signals, threads, git, the CI job, the Docker Engine, OCI layouts."""
