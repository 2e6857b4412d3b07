"""A bundle at the desk: made, signed by two, published; then on a recorder, all the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from typer.testing import CliRunner

from agent.update.command import Updater
from agent.update.staging import stage
from agent.update.switching import Patience
from agent.vault import messages as m
from bureau.clock import Clock
from bureau.updates import UpdateShelf
from evidence.digests import sha256_hex
from evidence.errors import RulebookError
from evidence.update import MANIFEST_NAME, decode_piece
from evidence.wire import DeviceState
from hw.fake.clock import SystemClock
from provisioning.authority.keyring import KeyRole
from provisioning.cli import app
from provisioning.update.bundling import Wish, make, publish, sign
from provisioning.update.errors import UpdateError
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.updates import Processes, installed_by_hand, wheel
from tests.kits.device.vault import RunningVault, ask_dock, records

CLOCK = SystemClock().utc_ns
WISH = Wish(version=7, release="0.7.0")


@pytest.fixture
def enrolled(tmp_path: Path) -> Enrolled:
    return enrol(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "wheels").mkdir(parents=True)
    (folder / "wheels" / "zhifa_recorder-0.7.0-py3-none-any.whl").write_bytes(wheel("0.7.0"))
    (folder / "overlay" / "etc").mkdir(parents=True)
    (folder / "overlay" / "etc" / "motd").write_text("7\n")
    return folder


@pytest.fixture
def signed(tmp_path: Path, enrolled: Enrolled, source: Path) -> Path:
    bundle = tmp_path / "bundle"
    make(source, bundle, WISH, clock=CLOCK)
    sign(enrolled.bureau, bundle, KeyRole.CLERK)
    assert not (bundle / MANIFEST_NAME).exists(), "one signature is none"
    sign(enrolled.bureau, bundle, KeyRole.HEAD)
    return bundle


def test_commands_make_sign_and_publish_and_change_nothing_when_run_again(
    tmp_path: Path, enrolled: Enrolled, source: Path
) -> None:
    def run(*words: str) -> dict[str, Any]:
        done = CliRunner().invoke(app, ["update", *words, "--json"], obj=CLOCK)
        assert done.exit_code == 0, done.output
        answer: dict[str, Any] = json.loads(done.output)
        return answer

    bundle, medium, bureau = str(tmp_path / "b"), str(tmp_path / "usb"), str(enrolled.bureau)
    commands = [
        ["make", str(source), "--to", bundle, "--version", "7", "--release", "0.7.0"],
        ["sign", bundle, "--as", "clerk", "--bureau", bureau],
        ["sign", bundle, "--as", "head", "--bureau", bureau],
        ["publish", bundle, "--to", medium, "--bureau", bureau],
    ]
    assert all(run(*command)["changed"] > 0 for command in commands)
    for _ in range(2):
        assert [run(*command)["changed"] for command in commands[1:]] == [0, 0, 0]
    assert (tmp_path / "usb" / "overlay" / "etc" / "motd").read_text() == "7\n"


def nobody_signed(bundle: Path) -> None:
    (bundle / MANIFEST_NAME).unlink()


def file_changed(bundle: Path) -> None:
    (bundle / "overlay" / "etc" / "motd").write_text("8\n")


@pytest.mark.parametrize(
    ("spoil", "code"), [(nobody_signed, "update_unsigned"), (file_changed, "update_bundle")]
)
def test_what_no_recorder_would_take_is_not_published(
    tmp_path: Path, enrolled: Enrolled, signed: Path, spoil: Callable[[Path], None], code: str
) -> None:
    spoil(signed)
    with pytest.raises(UpdateError) as refused:
        publish(enrolled.bureau, signed, tmp_path / "usb", clock=CLOCK)
    assert refused.value.code == code
    assert not (tmp_path / "usb" / MANIFEST_NAME).exists()


def test_bundle_for_the_desk_lies_where_the_desk_looks(enrolled: Enrolled, signed: Path) -> None:
    publish(enrolled.bureau, signed, None, clock=CLOCK)
    certificate = x509.load_pem_x509_certificate(enrolled.device.paths.ca.read_bytes())
    shelf = UpdateShelf(enrolled.bureau, certificate, Clock(CLOCK, CLOCK))
    state = DeviceState(
        online=True, docked=True, firmware="0", utc="2026-01-01T00:00:00.000000Z", utc_source="ntp"
    )
    (offered,) = shelf.greet("REC-001", state)
    place, content = decode_piece(offered.payload)
    assert place.update == sha256_hex(content)


def next_bundle(folder: Path, bureau: Path, source: Path, wish: Wish) -> Path:
    """One more bundle, signed by both."""
    (source / "overlay" / "etc" / "motd").write_text(f"{wish.release}\n")
    bundle = folder / f"bundle-{wish.version}-{wish.release}"
    make(source, bundle, wish, clock=CLOCK)
    for role in (KeyRole.CLERK, KeyRole.HEAD):
        sign(bureau, bundle, role)
    return bundle


@pytest.mark.parametrize(
    ("version", "first_to"), [(6, "desk"), (7, "medium")], ids=["older", "equal"]
)
def test_a_number_that_does_not_follow_the_last_published_one_is_refused_with_the_next_step(
    tmp_path: Path, enrolled: Enrolled, source: Path, signed: Path, version: int, first_to: str
) -> None:
    first = None if first_to == "desk" else tmp_path / "stick"
    publish(enrolled.bureau, signed, first, clock=CLOCK)
    late = next_bundle(tmp_path, enrolled.bureau, source, Wish(version=version, release="0.6.9"))
    words = ["update", "publish", str(late), "--bureau", str(enrolled.bureau)]
    for to in ([], ["--to", str(tmp_path / "usb")]):
        done = CliRunner().invoke(app, [*words, *to, "--json"], obj=CLOCK)
        assert done.exit_code == 1
        told = json.loads(done.output)
        assert told["error"] == "update_older"
        assert "请用更大的序号重新制作、双签名后再发布" in told["diagnosis"]
        assert "version 7 (0.7.0) was published" in told["detail"]
        assert "--version 8 or higher" in told["detail"]
    assert not (tmp_path / "usb").exists()
    assert not (enrolled.bureau / "updates" / "000006").exists()
    assert publish(enrolled.bureau, signed, first, clock=CLOCK).changed == 0, "the last one again"
    on = next_bundle(tmp_path, enrolled.bureau, source, Wish(version=8, release="0.8.0"))
    assert publish(enrolled.bureau, on, None, clock=CLOCK).changed > 0


def test_what_lies_ready_for_the_desk_counts_where_the_record_is_gone(
    tmp_path: Path, enrolled: Enrolled, source: Path, signed: Path
) -> None:
    publish(enrolled.bureau, signed, None, clock=CLOCK)
    (enrolled.bureau / "updates" / "published.json").unlink()
    late = next_bundle(tmp_path, enrolled.bureau, source, Wish(version=5, release="0.5.0"))
    with pytest.raises(UpdateError) as refused:
        publish(enrolled.bureau, late, None, clock=CLOCK)
    assert refused.value.code == "update_older"


def test_a_record_that_cannot_be_read_publishes_nothing(
    tmp_path: Path, enrolled: Enrolled, signed: Path
) -> None:
    (enrolled.bureau / "updates").mkdir(exist_ok=True)
    for content in (b"{", b"{}", b'{"release":"x","sha256":"0","version":1}'):
        (enrolled.bureau / "updates" / "published.json").write_bytes(content)
        with pytest.raises(UpdateError) as refused:
            publish(enrolled.bureau, signed, tmp_path / "usb", clock=CLOCK)
        assert refused.value.code == "update_published"
        assert not (tmp_path / "usb").exists()


def test_a_folder_made_anew_after_both_signed_is_not_published_as_what_they_signed(
    tmp_path: Path, enrolled: Enrolled, source: Path, signed: Path
) -> None:
    (source / "overlay" / "etc" / "motd").write_text("8\n")
    make(source, signed, Wish(version=8, release="0.8.0"), clock=CLOCK)
    with pytest.raises(UpdateError) as refused:
        publish(enrolled.bureau, signed, tmp_path / "usb", clock=CLOCK)
    assert refused.value.code == "update_bundle"
    assert not (tmp_path / "usb").exists()


def test_dry_run_uses_no_number_up(tmp_path: Path, enrolled: Enrolled, signed: Path) -> None:
    assert publish(enrolled.bureau, signed, tmp_path / "usb", clock=CLOCK, dry_run=True).changed
    assert not (enrolled.bureau / "updates").exists()


def test_expired_bundle_is_not_published(tmp_path: Path, enrolled: Enrolled, signed: Path) -> None:
    a_year_on = CLOCK() + 365 * 86_400 * 10**9
    with pytest.raises(UpdateError, match="held until"):
        publish(enrolled.bureau, signed, tmp_path / "usb", clock=lambda: a_year_on)


def test_folder_without_files_or_with_a_strange_one_makes_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(UpdateError):
        make(tmp_path / "none", tmp_path / "b", WISH, clock=CLOCK)
    (tmp_path / "odd" / "wheels").mkdir(parents=True)
    (tmp_path / "odd" / "wheels" / "run.sh").write_text("")
    with pytest.raises(UpdateError):
        make(tmp_path / "odd", tmp_path / "b", WISH, clock=CLOCK)


def test_bundle_that_another_bureau_signed_is_not_even_staged(
    tmp_path: Path, enrolled: Enrolled, source: Path
) -> None:
    (tmp_path / "o").mkdir()
    other = enrol(tmp_path / "o")
    make(source, tmp_path / "b", WISH, clock=CLOCK)
    for role in (KeyRole.CLERK, KeyRole.HEAD):
        sign(other.bureau, tmp_path / "b", role)
    with pytest.raises(RulebookError) as refused:
        stage(enrolled.device, tmp_path / "b")
    assert refused.value.code == "update_signature"
    assert not enrolled.device.paths.update_inbox.exists()


def test_from_the_desk_to_a_running_release_and_into_the_signed_log(
    tmp_path: Path, enrolled: Enrolled, signed: Path
) -> None:
    publish(enrolled.bureau, signed, tmp_path / "usb", clock=CLOCK)
    stage(enrolled.device, tmp_path / "usb")
    prefix = installed_by_hand(tmp_path / "opt")
    services = Processes(prefix, tmp_path)
    patience = Patience(ready_seconds=20, steady_seconds=0.2)
    updater = Updater(enrolled.device, prefix, services, now=lambda: None, patience=patience)
    try:
        with RunningVault(enrolled) as vault:
            assert not enrolled.device.paths.update_request.exists(), "not on the cradle yet"
            ask_dock(enrolled, m.NoteDock(state="docked", detail=""))
            ask_dock(enrolled, m.ListPending())
            assert updater.serve().step == "confirmed"
            assert updater.serve().step == "confirmed", "the same request once more"
            assert services.restarts == 1
            vault.restart()
            ask_dock(enrolled, m.ListPending())
        assert services.version() == "0.7.0"
    finally:
        services.stop()
    log = records(enrolled.device.paths.device_log)
    told = [(one["version"], one["state"]) for one in log if one["t"] == "update"]
    assert told == [(7, "requested"), (7, "confirmed")]


def test_update_waits_for_a_session_that_is_open(
    tmp_path: Path, enrolled: Enrolled, signed: Path
) -> None:
    stage(enrolled.device, signed)
    prefix = installed_by_hand(tmp_path / "opt")
    services = Processes(prefix, tmp_path)
    updater = Updater(enrolled.device, prefix, services, now=lambda: None, patience=Patience())
    with RunningVault(enrolled) as vault:
        ask_dock(enrolled, m.NoteDock(state="docked", detail=""))
        ask_dock(enrolled, m.ListPending())
        recorder = vault.attached()
        recorder.open()
        state = updater.serve()
    assert (state.step, state.code) == ("refused", "update_busy")
    assert services.restarts == 0
