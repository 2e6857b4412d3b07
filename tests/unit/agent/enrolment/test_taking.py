from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from agent.enrolment.enrol import Outcome, Recorder, needs_enrolment
from agent.enrolment.errors import EnrolmentRefusedError
from evidence import enrolment
from evidence.enrolment import Bundle
from evidence.store.signers import file_signer
from tests.kits.bureau.two_ends import TwoEnds

Tree = Callable[[Path], dict[str, bytes]]


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(EnrolmentRefusedError) as found:
        work()
    assert found.value.code in found.value.diagnosis()
    return found.value.code


def asked(ends: TwoEnds, name: str) -> None:
    ends.expect(name)
    ends.answer(name, ends.ask(name))


def bundle_on_stick(ends: TwoEnds, name: str) -> Path:
    return ends.stick / f"{name}.bundle.json"


def repacked(ends: TwoEnds, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """The answer with other files, signed by the bureau all the same."""
    path = bundle_on_stick(ends, name)
    packed = json.loads(path.read_bytes())
    manifest = json.loads(base64.urlsafe_b64decode(packed["manifest"].split(".")[1] + "=="))
    files = {at: base64.b64decode(text) for at, text in packed["files"].items()}
    change(files)
    whole = Bundle(
        device=name,
        request_sha256=manifest["request_sha256"],
        issued=manifest["issued"],
        files=files,
    )
    receipt = x509.load_pem_x509_certificate((ends.bureau / "certs/receipt.pem").read_bytes())
    signer = file_signer(ends.bureau / "keys" / "receipt.pem")
    path.write_bytes(enrolment.pack(whole, signer, receipt))


def test_a_fresh_recorder_needs_enrolment_until_it_has_taken_all(ends: TwoEnds, name: str) -> None:
    folder = ends.device(name)
    assert not needs_enrolment(folder)
    ends.expect(name)
    assert needs_enrolment(folder)
    ends.answer(name, ends.ask(name))
    assert needs_enrolment(folder)
    ends.take(name)
    assert not needs_enrolment(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.update({"certs/tls.pem": f["certs/signing.pem"]}),
        lambda f: f.update({"certs/signing.pem": f["certs/tls.pem"]}),
        lambda f: f.update({"certs/ca.pem": f["certs/tls.pem"]}),
        lambda f: f.update({"certs/ca.pem": b"none"}),
        lambda f: f.update({"device.toml": b"board = 1"}),
        lambda f: f.update({"device.toml": f["device.toml"].replace(b"ZF-", b"XX-")}),
        lambda f: f.update({"device.toml": f["device.toml"].replace(b'"fake"', b'"pi"')}),
        lambda f: f.update({"bureau/root.json": f["bureau/rulebook.json"]}),
        lambda f: f.update({"bureau/rulebook.json": b"{}"}),
        lambda f: f.update({"bureau/assignment.jws": b"a.b.c"}),
        lambda f: [f.pop(at) for at in list(f) if at.startswith("announce/")],
        lambda f: f.update({"announce/zh-tw/text.txt": b"x"}),
    ],
)
def test_an_answer_of_which_a_part_proves_nothing_is_not_taken(
    ends: TwoEnds, name: str, tree: Tree, change: Callable[[dict[str, Any]], None]
) -> None:
    asked(ends, name)
    repacked(ends, name, change)
    before = tree(ends.device(name))
    assert refused(lambda: ends.take(name)) == "answer"
    assert tree(ends.device(name)) == before


def test_certificates_for_other_keys_are_not_taken(ends: TwoEnds, name: str, tree: Tree) -> None:
    asked(ends, name)
    for key in ("signing", "tls"):
        path = ends.device(name) / "keys" / f"{key}.pem"
        path.rename(path.with_suffix(".kept"))
    ends.ask(name)
    assert refused(lambda: ends.take(name)) == "answer"
    assert not (ends.device(name) / "certs").exists()


def test_an_answer_for_another_recorder_is_not_taken(ends: TwoEnds, name: str) -> None:
    asked(ends, name)
    other = f"{name}-B"
    ends.expect(other)
    ends.ask(other)
    bundle_on_stick(ends, other).write_bytes(bundle_on_stick(ends, name).read_bytes())
    assert refused(lambda: ends.take(other)) == "answer"


def test_what_is_missing_is_said(ends: TwoEnds, name: str) -> None:
    ends.expect(name)
    assert refused(lambda: ends.take(name)) == "no_request"
    ends.ask(name)
    assert refused(lambda: ends.take(name)) == "no_answer"
    bundle_on_stick(ends, name).write_bytes(b"{}")
    assert refused(lambda: ends.take(name)) == "answer"


def test_a_folder_of_another_recorder_or_bureau_is_left_alone(
    ends: TwoEnds, name: str, tree: Tree
) -> None:
    ends.enrol(name)
    other = f"{name}-B"
    ends.expect(other)
    before = tree(ends.device(name))
    seed = ends.device(other) / "seed"
    assert refused(lambda: Recorder.at(ends.device(name), seed)) == "foreign"
    ca = ends.device(name) / "certs" / "ca.pem"
    ca.write_bytes(ca.read_bytes() + b"\n")
    assert refused(lambda: Recorder.at(ends.device(name))) == "foreign"
    ca.write_bytes(before["certs/ca.pem"])
    assert tree(ends.device(name)) == before


def test_keys_are_made_once_and_never_again(ends: TwoEnds, name: str) -> None:
    asked(ends, name)
    keys = [(ends.device(name) / "keys" / f"{key}.pem") for key in ("signing", "tls")]
    before = [path.read_bytes() for path in keys]
    ends.expect(name)
    ends.ask(name)
    ends.take(name)
    ends.ask(name)
    assert [path.read_bytes() for path in keys] == before


def test_settings_that_are_there_stay(ends: TwoEnds, name: str) -> None:
    asked(ends, name)
    ends.take(name)
    path = ends.device(name) / "device.toml"
    path.write_text("battery_minutes = 300\n" + path.read_text())
    mine = path.read_bytes()
    (ends.device(name) / "bureau" / "rulebook.floor").unlink()
    assert ends.take(name) is Outcome.ENROLLED
    assert path.read_bytes() == mine
