"""botocore's own event handlers, registered once for the process.

Registering them takes nearly all the time that a new session needs, about 20 ms. A copy has them already.
"""

from __future__ import annotations

from copy import copy
from functools import cache

import botocore.session
from botocore.hooks import HierarchicalEmitter


def event_hooks() -> HierarchicalEmitter:
    """The hooks of a new session, which must be made with `include_builtin_handlers=False`."""
    return copy(_builtin())


@cache
def _builtin() -> HierarchicalEmitter:
    hooks = HierarchicalEmitter()
    botocore.session.Session(event_hooks=hooks)  # registers its handlers in them
    return hooks
