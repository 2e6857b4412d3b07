"""A bureau's own announcement voice: from a recording and its words to a clip in the draft.

Owns importing: the recording is brought into form, heard back, and named by the digests of its text
and its samples. Refuses words that cannot be what is said, an id that another sound has, and a
sound that a recorder would not hear whole.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from evidence import canonical
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from provisioning.bureau_folder import exclusive, open_bureau
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out, content_step
from provisioning.policy import clips
from provisioning.policy.audio import Sound, flac, normalised, read_sound
from provisioning.policy.draft import begin, draft_step, load
from provisioning.policy.errors import PolicyRefusedError
from provisioning.policy.hearing_back import HeardBack, hear_back
from provisioning.policy.rulebook import VOICED

PRESCRIBED: Final = "为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。"
"""S0§10, S4§8, byte for byte; other words need clerk's and head's signature, and are named."""
MOST_CHARACTERS: Final = 500

_LANG: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_MOST_CLIPS: Final = 8
_LARGEST_TEXT: Final = 8 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A clip to be: words, sound, and how it was heard.

    Attributes:
        id: Its folder.
        lang: BCP 47 tag.
        text: What is said.
        sound: Normalised.
        heard: By the acoustic check.
    """

    id: str
    lang: str
    text: str
    sound: Sound
    heard: HeardBack

    @property
    def entry(self) -> JsonObject:
        """As the rulebook names it."""
        return {**self.meta, "text": self.text}

    @property
    def meta(self) -> JsonObject:
        """``meta.json``."""
        return {
            "id": self.id,
            "lang": self.lang,
            "text_sha256": sha256_hex(self.text.encode()),
            "pcm_sha256": sha256_hex(self.sound.samples.astype("<i2").tobytes()),
            "samples": int(self.sound.samples.size),
            "rate": self.sound.rate,
        }

    def files(self) -> dict[str, bytes]:
        """Name → content of its folder."""
        return {
            clips.META: canonical.dumps(self.meta),
            clips.TEXT: self.text.encode(),
            clips.AUDIO: flac(self.sound),
        }


def import_voice(
    bureau_path: Path,
    recording: Path,
    text: str,
    *,
    lang: str,
    clip_id: str,
    dry_run: bool = False,
) -> Report:
    """Make a clip of a recording and put it into the draft, in place of the one of its language.

    Args:
        bureau_path: The bureau's folder.
        recording: WAV or FLAC.
        text: What is said in it.
        lang: BCP 47 tag.
        clip_id: A new id: one id is one sound for good.
        dry_run: Only say what would happen.

    Raises:
        PolicyRefusedError: See the codes ``voice_…``.
    """
    spoken = speak(recording, text, lang=lang, clip_id=clip_id)
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        draft = load(bureau) or begin(bureau)
        said = _placed(list(draft.policy[VOICED]), spoken)
        changed = replace(draft, policy={**draft.policy, VOICED: said})
        steps = [*_clip_steps(bureau.folder, spoken), draft_step(bureau.folder, changed)]
        outcomes = carry_out(steps, dry_run=dry_run)
    return Report(outcomes=outcomes, facts=_facts(spoken))


def speak(recording: Path, text: str, *, lang: str, clip_id: str) -> Spoken:
    """Bring a recording into form and hear it back.

    Raises:
        PolicyRefusedError: See the codes ``voice_…``.
    """
    _check_words(text, lang, clip_id)
    sound = normalised(read_sound(recording))
    heard = hear_back(sound)
    if not heard.speaks:
        raise PolicyRefusedError(f"{heard.voiced:.0%} of it is voice", code="voice_speech")
    if not heard.complete:
        missed = [name for name, one in heard.scenes.items() if not (one.heard and one.complete)]
        raise PolicyRefusedError("、".join(missed), code="voice_unheard")
    return Spoken(id=clip_id, lang=lang, text=text, sound=sound, heard=heard)


def read_text(path: Path) -> str:
    """The words from a file; a newline at the end is not said.

    Raises:
        PolicyRefusedError: ``voice_text``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_TEXT + 1)
        if len(content) > _LARGEST_TEXT:
            raise PolicyRefusedError(f"{path} is larger than 8 KiB", code="voice_text")
        return content.decode("utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyRefusedError(f"{path}: {error}", code="voice_text") from error


def _check_words(text: str, lang: str, clip_id: str) -> None:
    plain = text.strip() == text and len(text) <= MOST_CHARACTERS and bool(text)
    controls = any(unicodedata.category(one) in ("Cc", "Cf", "Co", "Cs", "Cn") for one in text)
    if not plain or controls or unicodedata.normalize("NFC", text) != text:
        raise PolicyRefusedError(f"{len(text)} characters", code="voice_text")
    if not any(one.isalpha() for one in text):
        raise PolicyRefusedError("it has no letter", code="voice_text")
    if not _LANG.fullmatch(lang):
        raise PolicyRefusedError(f"{lang!r}", code="voice_lang")
    if not _ID.fullmatch(clip_id):
        raise PolicyRefusedError(f"{clip_id!r}", code="voice_id")


def _placed(said: list[Mapping[str, Any]], spoken: Spoken) -> list[Mapping[str, Any]]:
    """The announcements with this one, in the place of the one in its language."""
    for one in said:
        if one["id"] == spoken.id and dict(one) != spoken.entry:
            raise PolicyRefusedError(f"{spoken.id} is another sound", code="voice_id")
    if any(one["lang"] == spoken.lang for one in said):
        return [spoken.entry if one["lang"] == spoken.lang else one for one in said]
    if len(said) >= _MOST_CLIPS:
        raise PolicyRefusedError(f"there are {len(said)} already", code="voice_room")
    return [*said, spoken.entry]


def _clip_steps(folder: BureauFolder, spoken: Spoken) -> list[Step]:
    """The clip's files; what stands under its id must be this sound."""
    path = folder.announce / spoken.id
    if (path / clips.META).exists():
        held = json.loads((path / clips.META).read_bytes())
        if held != spoken.meta:
            raise PolicyRefusedError(f"{spoken.id} is another sound", code="voice_id")
    files = spoken.files()
    # The particulars last: a clip that was cut short is no clip yet.
    order = (clips.TEXT, clips.AUDIO, clips.META)
    return [content_step(f"告知语音 {spoken.id}/{one}", path / one, files[one]) for one in order]


def _facts(spoken: Spoken) -> dict[str, str | int]:
    exact = spoken.text == PRESCRIBED
    return {
        "id": spoken.id,
        "lang": spoken.lang,
        "seconds": f"{spoken.sound.seconds:.1f}",
        "rate": spoken.sound.rate,
        "score_milli": spoken.heard.least_milli,
        "wording": "规范用语" if exact else "非规范用语：须经办人、负责人双签名，核验时注明",
    }
