"""What the tool uses of its machine: clock, signals, git repository, CI job, Docker Engine, OCI layouts."""
