"""The doors to AWS: each port of `ports.py` as boto calls, and nothing decided.

session   credentials, assumed roles, clients        rates    AWS's published limits
faults    what AWS raises → our errors               trace    `--verbose`
ecr       the image registry                         ecs      the service runtime
logs      the last lines of a container              records  the project's table
"""
