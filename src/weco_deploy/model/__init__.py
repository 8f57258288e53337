"""The data of the tool: frozen dataclasses, without I/O and rules."""
