"""Results and events in, text and JSON out; nothing is decided here.

`documents` makes the JSON; `*_text` what a person reads; `progress` chooses between `live` and `plain`
for what happens meanwhile. rich is imported by `page` and `live` alone, so JSON costs no start-up time.
"""
