"""The project's table in DynamoDB: what was released, what was deployed, and who holds an environment.

store         the port                                holding      claim to settle, and locks by hand
history       what is read, 5.x's records too         recording    releases and deployments written
legacy        what 5.x recorded of deployments        table        items, listings, transactions
releases, deployments, environments                   a record as an item and back
attributes    plain values as DynamoDB's              writes       the parts of a transaction
"""

from weco_deploy.aws.records.store import DynamoReleaseStore

__all__ = ["DynamoReleaseStore"]
