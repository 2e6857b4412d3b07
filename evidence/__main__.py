"""``evidence``: judge a session alone, with nothing but this package and the bureau's certificate.

Owns the command line of the bare verifier: reading a folder, printing a verdict, telling a journal
as a timeline or a signed report. Refuses to judge: ``evidence.verify`` does, and
``evidence.compliance.document``. Needs ``cryptography`` and no other library.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509

from evidence import journal, report, timeline
from evidence.compliance import document, telling
from evidence.compliance.document import ReportVerdict
from evidence.errors import EvidenceError, StoreError
from evidence.limits import MAX_REPORT_BYTES
from evidence.store.card import read_card
from evidence.store.folder import read_folder, read_part
from evidence.verify import CardVerdict, Judgement, Severity, Verdict, verify, verify_card
from evidence.verify.bundle import Bundle

VERIFIED: Final = 0
BROKEN: Final = 1
UNUSABLE: Final = 2

_MOST_CA_BYTES = 64 * 1024

_ABOUT = """\
Judge a recording: is it what the device wrote, is it all of it, and who says so?

An evidence folder holds one session: journal.jws, the sealed files it names (000000.mp4.age ...),
and, as far as they were handed over, device.jws, receipt-committed.jws, receipt-stored.jws,
rulebook.json and root.json. What is missing of these five is reported as absent; it is no finding.

The only thing that is trusted is the certificate of the bureau's CA. Get it from the bureau, not
from whoever hands you the recording.
"""
_ABOUT_CARD = """\
Judge a recorder's medium: every session on it, and whether it holds what its own log says it holds.

A card that was put back to an older state as a whole cannot be told from its bytes. The bureau can
tell it when the recorder docks: see `bureau docks list`.
"""
_ABOUT_REPORT = """\
Judge a compliance report (`bureau report`): who made it, and does it say what the bureau signed?

What was changed in the file is named with what was signed there, and the report is printed as it
was signed. A report is the bureau's word on a recording; the recording itself is judged by
`evidence verify`. --evidence says whether the report is on that recording.
"""
_AFTER = """\
examples:
  evidence verify ./case-17 --ca bureau-ca.pem
  evidence verify ./case-17 --ca bureau-ca.pem --lang zh
  evidence verify ./case-17 --ca bureau-ca.pem --json > verdict.json
  evidence show ./case-17
  evidence card /mnt/card --ca bureau-ca.pem
  evidence report report.signed.json --ca bureau-ca.pem --evidence ./case-17

exit codes of verify, card and report:
  0  verified, perhaps with explained interruptions
  1  broken: something was changed, is missing or was added
  2  nothing was judged: wrong usage, or a file, the folder or the certificate cannot be read
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot write a character shows it escaped rather than ending the program.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        if options.command == "show":
            return _show(read_folder(options.folder))
        ca = x509.load_pem_x509_certificate(_read_ca(options.ca))
        if options.command == "card":
            return _print_card(
                verify_card(read_card(options.folder), ca), options.lang, as_json=options.json
            )
        if options.command == "report":
            return _print_report(_judged_report(options, ca), options.lang, as_json=options.json)
        verdict = verify(read_folder(options.folder), ca)
    except EvidenceError as error:
        print(f"evidence: {error.detail}", file=sys.stderr)
        return UNUSABLE
    except (OSError, ValueError) as error:
        print(f"evidence: {error}", file=sys.stderr)
        return UNUSABLE
    _print(verdict, options.lang, as_json=options.json)
    return BROKEN if verdict.of(Severity.BROKEN) else VERIFIED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evidence",
        description=_ABOUT,
        epilog=_AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser(
        "verify",
        help="judge a session and print every finding",
        description=_ABOUT,
        epilog=_AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("folder", type=Path, metavar="DIR", help="the evidence folder")
    _add_judging(check)
    whole = commands.add_parser(
        "card",
        help="judge everything on a recorder's medium",
        description=_ABOUT_CARD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("folder", type=Path, metavar="DIR", help="the device's folder, or its store")
    _add_judging(whole)
    made = commands.add_parser(
        "report",
        help="judge a compliance report that a bureau signed, and print it",
        description=_ABOUT_REPORT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("file", type=Path, metavar="FILE", help="the signed report")
    made.add_argument(
        "--evidence", type=Path, metavar="DIR", help="the evidence folder that it is said to be on"
    )
    _add_judging(made)
    tell = commands.add_parser(
        "show",
        help="tell the journal as a timeline, without judging it",
        description="Tell the journal as a timeline. Nothing is verified: it is what is claimed.",
    )
    tell.add_argument("folder", type=Path, metavar="DIR", help="the evidence folder")
    return parser


def _add_judging(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--ca", type=Path, required=True, metavar="PEM", help="certificate of the bureau's CA"
    )
    command.add_argument("--json", action="store_true", help="print the verdict for machines")
    command.add_argument(
        "--lang", choices=report.LANGUAGES, default="en", help="language of findings"
    )


def _judged_report(options: argparse.Namespace, ca: x509.Certificate) -> ReportVerdict:
    content = read_part(options.file, MAX_REPORT_BYTES)
    if content is None:
        raise StoreError(f"{options.file} is not there")
    journal = None if options.evidence is None else read_folder(options.evidence).journal
    return document.judge(content, ca, journal=journal)


def _read_ca(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_CA_BYTES)


def _print(verdict: Verdict, language: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(verdict.to_json(), ensure_ascii=False, indent=1))
        return
    for line in report.report(verdict, language):
        print(line)


def _print_card(verdict: CardVerdict, language: str, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(verdict.to_json(), ensure_ascii=False, indent=1))
    else:
        for line in report.report_card(verdict, language):
            print(line)
    return BROKEN if verdict.judgement is Judgement.BROKEN else VERIFIED


def _print_report(verdict: ReportVerdict, language: str, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(verdict.to_json(), ensure_ascii=False, indent=1))
    else:
        told = [] if verdict.report is None else telling.tell(verdict.report, language)
        ending = report.report_broken(verdict.findings, verdict.judgement, language)
        for line in (*told, *ending):
            print(line)
    return BROKEN if verdict.judgement is Judgement.BROKEN else VERIFIED


def _show(bundle: Bundle) -> int:
    for line in timeline.tell(journal.split(bundle.journal)):
        print(line)
    return VERIFIED


if __name__ == "__main__":
    sys.exit(main())
