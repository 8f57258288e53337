"""The pages of `board`: a model becomes views, and the templates in `templates/` turn these into HTML."""
