"""What a person can ask for, one use case a file; each tells its own story from top to bottom."""
