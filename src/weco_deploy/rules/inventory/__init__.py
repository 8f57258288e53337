"""Makes a project from what an account's ECS has.

floating_tags    which tags of images are floating, and the environments that they are for
selection        which services are in the project, and why others are not
aws_names        what environments are called in the names of clusters and services
families         the services that are the same in all environments, with templates of their names
service_ids      ids of services, and the template of their names
version_patterns the patterns of version tags
proposal         all of these, as a `Project`
"""
