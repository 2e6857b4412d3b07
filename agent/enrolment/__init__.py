"""The recorder's side of enrolment (入网): it asks, it checks, it takes.

A fresh recorder has a *seed* and nothing else: its id, its one-time claim, its bureau's CA and
where the desk listens. It makes its own keys, which never leave and are never made twice, asks by
the dock network or by a stick, shows and says six digits for the clerk to compare, and takes what
comes back only after proving all of it against the CA of the seed. Every step may be cut short; the
next run completes it. The last file written is the rulebook's floor: with it the recorder is
enrolled.
"""
