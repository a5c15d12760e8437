"""A capture as screens see it: rows that are listed at once, and everything else when it is asked for.

No screen is known here. What is slow is written to be called from threads of the caller's own, and says so.
"""

from __future__ import annotations

from wsreplay.analysis.session.session import Session as Session
