"""Deploy sets of Docker images to Amazon ECS as releases; `docs/architecture.md` is the map."""

__version__ = "6.0.0.dev0"
