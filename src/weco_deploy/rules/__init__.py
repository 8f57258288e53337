"""What to do and what it means: pure functions, no I/O, no clock."""
