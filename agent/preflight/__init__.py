"""The check before use (使用前检查): is this recorder fit to record, and can that be proved later?

One check is one file: facts in, ``check(facts) -> CheckResult`` out, without a clock, a file or a
part in sight. The facts of the camera and its view, the microphone, the loudspeaker, the battery,
the lamp, the buttons and the case are gathered in the recorder's process (``runner``); those of the
space, the medium, the clock, the key, the backlog, the parts, the custody and the rulebook in the
vault's, which signs the whole preflight. A part that does not answer in its time is reported as
hung and never waited for.

Four things refuse a start (``results.refusal``): no writable store, too little space, no usable key
or rulebook, and a custody that does not permit it. Everything else records, with a signed warning.
"""
