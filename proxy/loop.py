"""The event loop under the proxy: uvloop, where it is to be had."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

try:
    import uvloop
except ImportError:  # not made for Windows
    uvloop = None  # type: ignore[assignment]


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop for ``asyncio.Runner(loop_factory=new_loop)``."""
    return asyncio.new_event_loop() if uvloop is None else _Loop()


if uvloop is not None:

    class _Loop(uvloop.Loop):
        """uvloop hands ``eager_start`` to task factories, which those of Python 3.13.0 and 3.13.1 do not take."""

        def set_task_factory(self, factory: Callable[..., Any] | None) -> None:
            if factory is None:
                super().set_task_factory(None)
                return

            def tolerant(loop: Any, coro: Any, *, eager_start: object = None, **kwargs: Any) -> Any:
                del eager_start
                return factory(loop, coro, **kwargs)

            super().set_task_factory(tolerant)
