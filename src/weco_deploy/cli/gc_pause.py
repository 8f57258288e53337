"""The garbage collector rests during the imports: that saves a fifth of the start-up.

They make some hundred thousand objects and no garbage; afterwards those are frozen, so that no later
collection looks at them again.
"""

from __future__ import annotations

import gc


def rest() -> None:
    gc.disable()


def resume() -> None:
    """From here on garbage is collected. Calling it twice does no harm."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
