"""Session plans (执法计划) at the bureau: made, sealed, sent, and found again in sessions.

A clerk makes a draft, publishing seals and signs it, the courier sends it to its recorders while
they are docked, and a session that comes in is put beside the plan that it names.
"""
