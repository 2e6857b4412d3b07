"""The next rulebook while it is written: the draft.

Owns ``rulebook/draft.json`` and changing it. Refuses keys that a clerk does not set (name,
recipients: ``provision init``; announcements: ``policy voice``), a value out of bounds, and to go
on with a draft that was begun before the version in force.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from evidence.moments import utc_text
from evidence.rulebook import effective
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out, content_step
from provisioning.policy.checks import problem_with
from provisioning.policy.errors import PolicyRefusedError, PolicyWrongError
from provisioning.policy.rulebook import FIXED, VOICED
from provisioning.policy.wording import changes_of, name_of

_LARGEST: Final = 512 * 1024
_MODE: Final = 0o640
_LOCAL: Final = timezone(timedelta(hours=8))
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rulebook that nobody has signed.

    Attributes:
        base: The version in force when it was begun.
        policy: What it states.
        expires: UTC; None: three years from the first signature on.
    """

    base: int
    policy: Mapping[str, Any]
    expires: str | None = None

    def differs(self, bureau: Bureau) -> bool:
        """Whether it says anything else than the rulebook in force."""
        same = effective(self.policy) == bureau.rulebook.policy
        return not same or self.expires not in (None, bureau.rulebook.expires)


def begin(bureau: Bureau, stated: Mapping[str, Any] | None = None) -> Draft:
    """A draft: the rulebook in force, or ``stated`` with its name, recipients and announcements."""
    if stated is None:
        return Draft(base=bureau.rulebook.version, policy=dict(bureau.rulebook.stated))
    held = {key: bureau.rulebook.policy[key] for key in (*FIXED, VOICED)}
    needed = {
        key: value
        for key, value in bureau.rulebook.stated.items()
        if key.startswith(("segment.", "release.", "storage.", "custody."))
    }
    return Draft(base=bureau.rulebook.version, policy={**needed, **stated, **held})


def load(bureau: Bureau) -> Draft | None:
    """The draft that is under way; None where there is none, or it was published.

    Raises:
        PolicyRefusedError: ``draft_damaged``, ``draft_stale``.
    """
    draft = _read(bureau.folder.draft)
    if draft is None or draft.base == bureau.rulebook.version:
        return draft
    if effective(draft.policy) == bureau.rulebook.policy:
        return None
    raise PolicyRefusedError(
        f"begun from version {draft.base}, in force is {bureau.rulebook.version}",
        code="draft_stale",
    )


def require(bureau: Bureau) -> Draft:
    """The draft that is under way.

    Raises:
        PolicyRefusedError: There is none, see ``load``.
    """
    draft = load(bureau)
    if draft is None:
        raise PolicyRefusedError("there is no draft", code="no_draft")
    return draft


def new_draft(
    bureau_path: Path,
    stated: Mapping[str, Any] | None = None,
    *,
    again: bool = False,
    dry_run: bool = False,
) -> Report:
    """Begin a draft.

    Args:
        bureau_path: The bureau's folder.
        stated: What it states; None: what is in force.
        again: Take the place of the draft that is under way.
        dry_run: Only say what would happen.

    Raises:
        PolicyRefusedError: One is under way.
        PolicyWrongError: A key is unknown, out of bounds or not to be set.
    """
    check_settable(stated or {})
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        draft = begin(bureau, stated)
        if not again:
            _check_free(bureau, draft)
        return _save(bureau, draft, dry_run=dry_run)


def edit_draft(
    bureau_path: Path,
    changes: Mapping[str, Any],
    *,
    until: str | None = None,
    clock: UtcNs,
    dry_run: bool = False,
) -> Report:
    """Change the draft; where there is none, one is begun from the rulebook in force.

    Args:
        bureau_path: The bureau's folder.
        changes: Values by key.
        until: Last day of its term, ``2028-12-31``; None: as it was.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        PolicyRefusedError: The draft is stale or damaged, or the day is none.
        PolicyWrongError: A key is unknown, out of bounds or not to be set.
    """
    check_settable(changes)
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        draft = load(bureau) or begin(bureau)
        expires = draft.expires if until is None else _end_of(until, clock())
        changed = replace(draft, policy={**draft.policy, **changes}, expires=expires)
        return _save(bureau, changed, dry_run=dry_run)


def check_settable(changes: Mapping[str, Any]) -> None:
    """Check every change by itself.

    Raises:
        PolicyWrongError: With all that is wrong.
    """
    wrong = [told for key, value in changes.items() if (told := _wrong(key, value)) is not None]
    if wrong:
        raise PolicyWrongError(wrong)


def draft_step(folder: BureauFolder, draft: Draft) -> Step:
    """The draft is on the disk."""
    text = json.dumps({"v": 1, **asdict(draft)}, ensure_ascii=False, indent=1, sort_keys=True)
    return content_step("办法草案", folder.draft, text.encode() + b"\n", mode=_MODE)


def _save(bureau: Bureau, draft: Draft, *, dry_run: bool) -> Report:
    outcomes = carry_out([draft_step(bureau.folder, draft)], dry_run=dry_run)
    changed = changes_of(bureau.rulebook.policy, effective(draft.policy))
    facts: dict[str, str | int] = {"base": draft.base, "differs": len(changed)}
    if draft.expires is not None:
        facts["expires"] = draft.expires
    return Report(outcomes=outcomes, facts=facts)


def _wrong(key: str, value: object) -> str | None:
    if key in FIXED:
        return f"{name_of(key)}：由 provision init 确定，不能修改"
    if key == VOICED:
        return f"{name_of(key)}：请用 provision policy voice 导入语音，不能直接填写"
    return problem_with(key, value)


def _check_free(bureau: Bureau, draft: Draft) -> None:
    there = _read(bureau.folder.draft)
    if there is None or there == draft or not there.differs(bureau):
        return
    raise PolicyRefusedError(f"one begun from version {there.base} is there", code="draft_exists")


def _read(path: Path) -> Draft | None:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LARGEST))
        expires = content["expires"]
        if content["v"] != 1 or not isinstance(expires, str | None):
            raise ValueError(f"{path} is no draft")  # noqa: TRY301 - as every other damage
        return Draft(base=int(content["base"]), policy=dict(content["policy"]), expires=expires)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise PolicyRefusedError(f"{path}: {error}", code="draft_damaged") from error


def _end_of(day: str, now_ns: int) -> str:
    """The end of a day in China, UTC."""
    try:
        last = date.fromisoformat(unicodedata.normalize("NFKC", day))
    except ValueError as error:
        raise PolicyRefusedError(f"{day!r} is no day", code="date") from error
    after = datetime(last.year, last.month, last.day, tzinfo=_LOCAL) + timedelta(days=1)
    expires_ns = int(after.astimezone(UTC).timestamp()) * _SECOND_NS
    if expires_ns <= now_ns:
        raise PolicyRefusedError(f"{day} is over", code="date")
    return utc_text(expires_ns)
