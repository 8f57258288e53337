"""Makes the documentation site, and the pages of it that are generated from the program."""
