"""What can go wrong in capture.

Owns its errors; their Chinese wording stands with the agent's other ones. Refuses faults of the
body: those are ``hw.errors`` and never end a recording.
"""

from __future__ import annotations

from agent.errors import AgentError


class CaptureError(AgentError):
    """Capture cannot do what was asked, or has died."""

    code = "capture"


class MuxError(CaptureError):
    """The muxer did not do what it promised; no byte after this one can be trusted."""

    code = "mux"
