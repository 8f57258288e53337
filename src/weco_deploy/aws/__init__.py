"""Adapters to AWS: implement the protocols of `ports/` with boto. They contain no rules.

api                every call, with its IAM actions, resources and rate limit
session            credentials, assumed roles, accounts     clients  the clients: timeouts and retries
error_translation  boto's exceptions → our errors           rates    AWS's published limits
trace              `--verbose`                              loader   botocore's models, shared by all threads
ecr                the image registry                       uploads  publishing images
ecs                the service runtime                      logs     the last lines of a container
records            the project's table                      places   names accounts and regions
"""
