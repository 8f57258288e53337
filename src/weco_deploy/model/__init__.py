"""What the tool talks about: frozen dataclasses, no I/O, no rules."""
