"""What the tool knows from the machine it runs on: time, signals, the git repository, the CI job."""
