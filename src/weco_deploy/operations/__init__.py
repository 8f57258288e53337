"""The use cases, one a file. Each file can be read from top to bottom."""
