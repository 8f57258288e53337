"""The decisions of the tool: pure functions, without I/O and clock."""
