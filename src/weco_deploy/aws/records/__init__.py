"""The project's table in DynamoDB: its releases, deployments and environments.

store         implements the port                     holding      from claim to settle, and locks by hand
history       reads records, including those of 5.x   recording    writes releases and deployments
legacy        reads deployments that 5.x recorded     table        reads and lists items, writes transactions
releases, deployments, environments, services         convert a record to an item and back
service_items, environment_items                      keep services of large deployments and environments apart
step_runs     converts the runs of a step
attributes    converts values for DynamoDB            writes       the parts of a transaction
"""

from weco_deploy.aws.records.store import DynamoReleaseStore

__all__ = ["DynamoReleaseStore"]
