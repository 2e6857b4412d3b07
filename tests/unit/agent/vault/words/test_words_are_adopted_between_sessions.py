"""A word that came during a recording is adopted after it; a crash anywhere is made good."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from agent.vault import messages as m
from evidence.assignment import Officer, Standing
from evidence.digests import sha256_hex
from evidence.store import durable
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import SECONDS, RunningVault, records
from tests.kits.device.words import Dock, clips, day, document, key, policy, signed, token
from tests.kits.media.clip import write_clip


def submit(enrolled: Enrolled, kind: str, content: bytes) -> tuple[int, str]:
    dock = Dock(enrolled)
    answer = dock.submit(kind, content)
    dock.hang_up()
    assert isinstance(answer, m.WordTaken), answer
    return answer.number, answer.state


def version_of_session(enrolled: Enrolled, sid: str) -> int:
    """The version that the session's ``open`` record pins."""
    journal = enrolled.journal(sid)
    return int(records(journal)[0]["rulebook"]["version"])


def provisions(enrolled: Enrolled) -> list[tuple[str, int]]:
    log = records(enrolled.device.paths.device_log)
    return [(one["step"], one["version"]) for one in log if one["t"] == "provision"]


def attach_again(vault: RunningVault) -> m.Attached:
    return vault.recorder().attach()


def test_without_a_session_a_policy_is_adopted_at_once_and_put_on_record(
    enrolled: Enrolled,
) -> None:
    message = policy(enrolled, 2, segment__seconds=4)
    paths = enrolled.device.paths
    with RunningVault(enrolled) as vault:
        assert submit(enrolled, "policy", message) == (2, "adopted")
        assert attach_again(vault).segment_seconds == 4
    assert paths.rulebook_floor.read_text() == "2\n"
    assert not paths.staged_policy.exists()
    (record,) = [one for one in records(paths.device_log) if one["t"] == "provision"]
    digest = sha256_hex(paths.rulebook.read_bytes())
    assert (record["step"], record["version"], record["sha256"]) == ("rulebook", 2, digest)


@pytest.mark.rule("A1")
def test_without_a_session_an_assignment_is_adopted_at_once(enrolled: Enrolled) -> None:
    word = token(enrolled, 2, custodian="O-7", officers=(Officer(id="O-1"),))
    with RunningVault(enrolled) as vault:
        assert submit(enrolled, "roster", word) == (2, "adopted")
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        recorder.close()
    opened = records(enrolled.journal(sid))[0]
    assert opened["custodian"] == "O-7"
    assert provisions(enrolled) == [("assignment", 2)]


def test_a_policy_sent_during_a_recording_is_adopted_after_it(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        first = recorder.open().sid
        recorder.segment(0)
        for version in (2, 3):
            message = policy(enrolled, version, segment__seconds=version)
            assert submit(enrolled, "policy", message) == (version, "staged")
            assert submit(enrolled, "policy", message) == (version, "staged")
        assert enrolled.device.paths.rulebook_floor.read_text() == "1\n"
        recorder.segment(1)
        recorder.close()
        recorder.wait(m.WordAdopted)
        recorder.hang_up()
        again = vault.recorder()
        assert again.attach().segment_seconds == 3
        second = again.open().sid
        again.segment(0)
        again.close()
    assert [version_of_session(enrolled, sid) for sid in (first, second)] == [1, 3]
    assert provisions(enrolled) == [("rulebook", 3)]


def test_no_random_order_of_words_is_adopted_during_a_recording(enrolled: Enrolled) -> None:
    dice = random.Random(5)
    versions, numbers = iter(range(2, 100)), iter(range(2, 100))
    with RunningVault(enrolled) as vault:
        held = 1
        for _ in range(4):
            recorder = vault.attached()
            sid = recorder.open().sid
            recorder.segment(0, fragments=1)
            before = len(provisions(enrolled))
            newest = held
            for _ in range(dice.randrange(4)):
                if dice.random() < 0.5:
                    newest = next(versions)
                    answer = submit(enrolled, "policy", policy(enrolled, newest))
                else:
                    answer = submit(enrolled, "roster", token(enrolled, next(numbers)))
                assert answer[1] == "staged"
            assert len(provisions(enrolled)) == before
            assert version_of_session(enrolled, sid) == held
            recorder.close()
            recorder.hang_up()
            held = newest


@pytest.mark.rule("M1")
def test_a_freeze_during_a_recording_takes_effect_at_its_end(enrolled: Enrolled) -> None:
    frozen = token(enrolled, 2, standing=Standing.FROZEN, because="repair")
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        recorder.segment(0)
        assert submit(enrolled, "roster", frozen) == (2, "staged")
        recorder.segment(1)
        recorder.close()
        recorder.wait(m.WordAdopted)
        recorder.hang_up()
        again = vault.recorder()
        assert again.attach().refused == "custody"
    assert enrolled.device.paths.assignment.read_bytes() == frozen


def test_what_waits_counts_as_seen(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        recorder.segment(0)
        submit(enrolled, "policy", policy(enrolled, 5))
        submit(enrolled, "roster", token(enrolled, 5))
        dock = Dock(enrolled)
        older = dock.submit("policy", policy(enrolled, 4))
        assert isinstance(older, m.Refused)
        assert older.code == "policy_older"
        roster = dock.submit("roster", token(enrolled, 4))
        assert isinstance(roster, m.Refused)
        assert roster.code == "assignment_older"
        dock.hang_up()
        recorder.close()
        recorder.wait(m.WordAdopted)
    assert provisions(enrolled) == [("assignment", 5), ("rulebook", 5)]


def test_the_same_word_again_changes_nothing(enrolled: Enrolled) -> None:
    words = {"policy": policy(enrolled, 2), "roster": token(enrolled, 2)}
    with RunningVault(enrolled):
        for kind, content in words.items():
            submit(enrolled, kind, content)
        size = enrolled.device.paths.device_log.stat().st_size
        for kind, content in words.items():
            assert submit(enrolled, kind, content) == (2, "adopted")
        assert enrolled.device.paths.device_log.stat().st_size == size


def test_what_enrolment_installed_is_known_again(enrolled: Enrolled) -> None:
    paths = enrolled.device.paths
    message = policy(enrolled, book=paths.rulebook.read_bytes())
    with RunningVault(enrolled):
        assert submit(enrolled, "policy", message) == (1, "adopted")
    assert provisions(enrolled) == []


def test_a_replay_heals_a_clip_that_was_damaged_on_the_card(enrolled: Enrolled) -> None:
    paths = enrolled.device.paths
    message = policy(enrolled, book=paths.rulebook.read_bytes())
    audio = next(paths.announce.glob("*/audio.flac"))
    whole = audio.read_bytes()
    audio.write_bytes(whole[:100])
    with RunningVault(enrolled):
        assert submit(enrolled, "policy", message) == (1, "adopted")
    assert audio.read_bytes() == whole


def test_one_whose_term_has_not_begun_waits_for_it(enrolled: Enrolled) -> None:
    early = policy(enrolled, 2, not_before=day(1), expires=day(30))
    with RunningVault(enrolled) as vault:
        assert submit(enrolled, "policy", early) == (2, "staged")
        assert attach_again(vault).segment_seconds == 10
        vault.world.skew_clock(2 * 86_400)
        vault.restart(keep_world=True)
        assert enrolled.device.paths.rulebook_floor.read_text() == "2\n"
    assert provisions(enrolled) == [("rulebook", 2)]


def test_one_in_force_that_expires_only_warns(enrolled: Enrolled) -> None:
    soon = policy(enrolled, 2, not_before=day(-1), expires=day(1))
    with RunningVault(enrolled) as vault:
        submit(enrolled, "policy", soon)
        vault.world.skew_clock(2 * 86_400)
        recorder = vault.attached()
        recorder.open()
        recorder.segment(0)
        recorder.close()
        # It came again, long expired: it is in force, so nothing is asked of its term.
        assert submit(enrolled, "policy", soon) == (2, "adopted")


def test_new_clips_come_with_their_rulebook(enrolled: Enrolled, tmp_path: Path) -> None:
    folder = write_clip(tmp_path / "new" / "xx", clip_id="en", text="Hello.", samples=9_600)
    (new,) = clips(folder)
    said = document(enrolled, 2)["policy"]["disclosure.announcements"]
    said = [*said, {**json.loads(new.meta), "text": "Hello."}]
    message = policy(enrolled, 2, disclosure__announcements=said, also=[new])
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        assert [one.id for one in recorder.attach().announcements] == ["zh-cn"]
        assert submit(enrolled, "policy", message) == (2, "adopted")
        recorder.wait(m.WordAdopted)
        recorder.hang_up()
        assert [one.id for one in attach_again(vault).announcements] == ["zh-cn", "en"]
    assert (enrolled.device.paths.announce / "en" / "text.txt").read_bytes() == b"Hello."


# Crashes.


class _PowerCutError(Exception):
    """The power went."""


def _cut_after(monkeypatch: pytest.MonkeyPatch, steps: int, hit: Callable[[Path], bool]) -> None:
    real, left = durable.replace_file, [steps]

    def replace_file(path: Path, content: bytes, **options: Any) -> None:
        if hit(path):
            if left[0] == 0:
                raise _PowerCutError
            left[0] -= 1
        real(path, content, **options)

    monkeypatch.setattr(durable, "replace_file", replace_file)


def _wait_until(fact: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not fact():
        assert time.monotonic() < until, "it never came true"
        Event().wait(0.01)


@pytest.mark.parametrize("steps", range(7))
def test_an_adoption_cut_short_at_any_file_is_completed_at_the_next_start(
    enrolled: Enrolled, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    paths = enrolled.device.paths
    message = policy(enrolled, 2, segment__seconds=4)
    folders = (paths.root.parent, paths.announce)
    with monkeypatch.context() as cut:
        _cut_after(cut, steps, lambda path: any(map(path.is_relative_to, folders)))
        vault = RunningVault(enrolled)
        dock = Dock(enrolled)
        dock.send("policy", message)
        _wait_until(lambda: vault.error is not None)
        dock.hang_up()
        with pytest.raises(Exception, match="the vault cannot go on"):
            vault.stop()
    begun = paths.staged_policy.exists()
    assert begun is (steps > 0)
    with RunningVault(enrolled) as vault:
        assert attach_again(vault).segment_seconds == (4 if begun else 10)
    assert provisions(enrolled) == ([("rulebook", 2)] if begun else [])
    assert not paths.staged_policy.exists()


@pytest.mark.parametrize("kind", ["policy", "roster"])
def test_a_crash_after_the_record_puts_nothing_on_record_twice(
    enrolled: Enrolled, kind: str
) -> None:
    paths = enrolled.device.paths
    content = policy(enrolled, 2) if kind == "policy" else token(enrolled, 2)
    with RunningVault(enrolled):
        submit(enrolled, kind, content)
    # As if the power had gone before it was let go.
    staged = paths.staged_policy if kind == "policy" else paths.staged_assignment
    staged.write_bytes(content)
    with RunningVault(enrolled):
        assert not staged.exists()
    assert len(provisions(enrolled)) == 1


def test_a_vault_that_dies_during_a_recording_adopts_after_the_session_it_resumes(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        submit(enrolled, "policy", policy(enrolled, 2))
        vault.die()
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        assert recorder.attach_again().sid == sid
        assert provisions(enrolled) == []
        recorder.close()
        recorder.wait(m.WordAdopted)
    assert version_of_session(enrolled, sid) == 1
    assert provisions(enrolled) == [("rulebook", 2)]


# By removable medium.


def test_what_a_medium_put_aside_is_adopted_at_the_next_start(enrolled: Enrolled) -> None:
    paths = enrolled.device.paths
    paths.staged_policy.write_bytes(policy(enrolled, 2))
    paths.staged_assignment.write_bytes(token(enrolled, 2))
    with RunningVault(enrolled):
        pass
    assert provisions(enrolled) == [("assignment", 2), ("rulebook", 2)]


@pytest.mark.parametrize("what", ["one signature", "nonsense"])
def test_what_a_medium_put_aside_is_judged_like_everything_else(
    enrolled: Enrolled, what: str
) -> None:
    paths = enrolled.device.paths
    book = signed(document(enrolled, 2), [key(enrolled, "rulebook-1")])
    forged = policy(enrolled, book=book) if what == "one signature" else b"\xff" * 2_000
    paths.staged_policy.write_bytes(forged)
    with RunningVault(enrolled) as vault:
        assert attach_again(vault).segment_seconds == 10
    assert not paths.staged_policy.exists()
    refusals = [one for one in records(paths.device_log) if one["t"] == "refusal"]
    assert [one["code"] for one in refusals] == [
        "policy_rulebook" if what == "one signature" else "policy_malformed"
    ]


def test_a_damaged_assignment_on_the_card_permits_nothing_until_it_comes_again(
    enrolled: Enrolled,
) -> None:
    paths = enrolled.device.paths
    whole = paths.assignment.read_bytes()
    paths.assignment.write_bytes(whole[:-5])
    with RunningVault(enrolled) as vault:
        assert attach_again(vault).refused == "custody"
        assert submit(enrolled, "roster", whole) == (1, "adopted")
    assert paths.assignment.read_bytes() == whole
