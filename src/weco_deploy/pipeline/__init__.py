"""The stages of a deployment that reach outside: observe, claim, the steps, polling, diagnose; and publishing."""
