"""The checks of `doctor`: pure functions from what was read to findings.

Every module has one subject. `operations/doctor.py` reads, and calls them.
"""
