"""The stages of a deployment, and of publishing, that call AWS and other outside systems through ports."""
