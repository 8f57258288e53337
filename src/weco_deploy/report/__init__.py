"""Renders results and events as text and JSON, and decides nothing.

`documents` makes the JSON, `*_text` the text for people. `progress` shows events as they happen, with `live` or `plain`.
Only `page`, `table` and `live` import rich, so that printing JSON costs no start-up time.
"""
