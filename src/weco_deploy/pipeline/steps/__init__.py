"""The steps of a deployment, one a file. `operations/carry_out.py` lists them in their order."""
