"""Signed keys, device logs and rulebooks that belong to something else."""

from __future__ import annotations

from typing import Any

import pytest

from evidence import rulebook
from tests.kits.records import forging
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import Folder
from tests.kits.records.lies import BUREAU, Lie, closed, monkey, new_take
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take


def a_stated_key_for_another_session() -> Folder:
    recorder = Recorder(BUREAU)
    honest = recorder.state
    monkey(recorder, "state", lambda chain, counter: honest(chain, counter + 1))
    take = Take(recorder)
    take.segment()
    return closed(take)


def a_stated_key_of_the_device_log() -> Folder:
    recorder = Recorder(BUREAU)
    honest = recorder.state
    monkey(recorder, "state", lambda _chain, counter: honest("device", counter))
    take = Take(recorder)
    take.segment()
    return closed(take)


def a_stated_key_of_another_boot() -> Folder:
    recorder = Recorder(BUREAU)
    honest = recorder.ticker.boot_id
    take_state = recorder.state

    def state(chain: Any, counter: int) -> Any:
        recorder.ticker.boot_id = "another" if chain == "session" else honest
        made = take_state(chain, counter)
        recorder.ticker.boot_id = honest
        return made

    monkey(recorder, "state", state)
    take = Take(recorder)
    take.segment()
    return closed(take)


def a_session_is_not_in_the_log() -> Folder:
    recorder = Recorder(BUREAU)
    lost = Take(recorder)
    lost.segment()
    lost.close(log=False)
    after = Take(recorder)
    after.segment()
    after.close()
    return lost.folder(receipts=False)


def a_counter_is_left_out() -> Folder:
    recorder = Recorder(BUREAU)
    takes = []
    for step in range(3):
        takes.append(Take(recorder))
        takes[-1].segment()
        takes[-1].close(log=step != 1)
    return takes[-1].folder()


def the_log_enters_a_session_twice() -> Folder:
    take = new_take()
    take.segment()
    take.close()
    take.recorder.counter += 1
    root = forging.payload_of(bytes(take.recorder.log).splitlines()[-1])["root"]
    take.enter(root, "button")
    return take.folder()


def a_rulebook_for_others() -> Folder:
    bureau = Bureau()
    book = bureau.rulebook_document(to=["REC-9999"])
    bureau.rulebook = rulebook.sign_rulebook(book, bureau.clerks)
    take = Take(Recorder(bureau))
    take.segment()
    return closed(take)


def other_recipients() -> Folder:
    bureau = Bureau()
    bureau.recipients = {"bureau": "age1thief", "escrow": "age1thief"}
    take = Take(Recorder(bureau))
    take.segment()
    return closed(take)


DEVICE = {
    "stated for another session": Lie(a_stated_key_for_another_session, "statement", 0),
    "stated for the log": Lie(a_stated_key_of_the_device_log, "statement", 0),
    "stated in another boot": Lie(a_stated_key_of_another_boot, "statement", 0),
    "not in the log": Lie(a_session_is_not_in_the_log, "counter_gap", None, {"head_unknown"}),
    "a counter is left out": Lie(a_counter_is_left_out, "counter_gap", 2),
    "entered twice": Lie(the_log_enters_a_session_twice, "log_differs", 2, {"counter_gap"}),
    "a rulebook for others": Lie(a_rulebook_for_others, "rulebook_foreign", None),
    "other recipients": Lie(other_recipients, "recipients_differ", 0),
}


@pytest.mark.parametrize("name", DEVICE)
def test_a_signed_lie_about_the_device_is_found(name: str) -> None:
    DEVICE[name].check()
