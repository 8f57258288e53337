"""The stages of a deployment that reach outside: observe, claim, execute, watch, diagnose; and publishing."""
