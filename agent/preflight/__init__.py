"""The check before use (使用前检查): is this recorder fit to record, and can that be proved later?

One check is one file: facts in, ``check(facts) -> CheckResult`` out, without a clock, a file or a
part in sight. The facts of the camera, the microphone, the loudspeaker, the battery, the lamp and
the buttons are gathered in the recorder's process (``runner``); those of the space, the medium, the
clock, the key, the backlog, the custody and the rulebook in the vault's, which signs the whole
preflight. A part that does not answer in its time is reported as hung and never waited for.

Four things refuse a start (``results.refusal``): no writable store, too little space, no usable
key, revoked or unassigned. Everything else records, with a signed warning.
"""
