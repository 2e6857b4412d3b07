"""The compliance report of a session (执法音像记录合规报告).

Owns putting together what ``evidence.compliance`` says of a session with what the bureau's own
books add (plan, explanations), and handing it on signed and as a page to print. Refuses to open the
recording: whoever looks at it asks for access first.
"""

from __future__ import annotations
