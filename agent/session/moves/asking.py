"""What the officer is asked for, one thing at a time, once the announcement is over.

Owns the prompts of the arrival (C3 to C7), of the reason and the cause of an interruption (E2, E3,
E5) and of an announcement that was not heard, the presses of MARK that answer them, and the windows
in which the officer speaks. Refuses to ask while the announcement plays, and to wait for an answer
for ever.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.effects import Attend, Effect, HushPrompts, Listen, Say, StoreEvent
from agent.session.events import Spoken, Ticked, WindowHeard
from agent.session.moves import menus
from agent.session.moves.steps import Step
from agent.session.states import Asking, Menu, Phase, Session, Speech, Stage, Task
from agent.voice import sentences
from evidence.bounds import TOLD_BY_MARK
from evidence.marks import BEGIN, END, OTHER_MATTER, RESUME

ANSWER_NS: Final = 120_000_000_000
"""After so long a press of MARK no longer answers the prompt: it is a mark like any other."""
LONGEST_PROMPT_NS: Final = 30_000_000_000
"""A loudspeaker that has not reported by then will not."""
LONGEST_HEARING_NS: Final = 5_000_000_000
_SECOND_NS: Final = 1_000_000_000

OPENED_NS: Final = 1_800_000_000_000
"""A hearing is opened within half an hour of the press, or its opening is a mark like any other."""

_ANSWERED: Final = frozenset({Task.ATTEST, Task.SIGN, Task.BEGIN, Task.CAUSE})
"""What a mark answers; the others are answered by speaking."""
_BY_THE_OFFICER: Final = frozenset({"officer", "power_off"})
"""Ends of the session before that only he can explain; of the others the device knows the cause."""


def on_opening(session: Session, *, resumes: str = "") -> Session:
    """The agenda of a session that begins, or resumes what ended as ``resumes`` says."""
    before = (*_reason(session), *_cause(session)) if resumes and not _was_over(session) else ()
    sign = (Task.SIGN,) if session.conduct.sign else ()
    statement = () if session.conduct.arrival == "none" else (Task.STATEMENT,)
    begin = (Task.BEGIN,) if session.begins in TOLD_BY_MARK else ()
    return replace(session, agenda=(*before, *sign, *statement, *begin), resumes=resumes)


def on_resume(session: Session, cause: str) -> Session:
    """The agenda of a session that goes on after an interruption."""
    missing = tuple(task for task in _reason(session) if task not in session.agenda)
    return replace(session, agenda=(*missing, *session.agenda), resumes=cause)


def first(session: Session, task: Task) -> Session:
    """Ask for ``task`` before anything else."""
    others = tuple(other for other in session.agenda if other is not task)
    return replace(session, agenda=(task, *others))


def put_off(session: Session) -> Step:
    """Ask again later: the announcement comes first. A new round settles an attestation."""
    agenda = session.agenda
    if session.asking is not None:
        agenda = (session.asking.task, *agenda)
    left = tuple(task for task in agenda if task is not Task.ATTEST)
    hush: tuple[Effect, ...] = () if session.asking is None else (HushPrompts(),)
    return replace(session, agenda=left, asking=None), hush


def give_up(session: Session, at_ns: int) -> Step:
    """The recording ends: an open window is stated as far as it came, unmeasured."""
    now = session.asking
    silent = replace(session, asking=None, agenda=())
    if now is None or now.stage not in {Stage.WINDOW, Stage.HEARING} or now.since_ns == 0:
        return silent, ()
    from_ns, to_ns = (now.from_ns, now.to_ns) if now.to_ns else (now.since_ns, at_ns)
    window = WindowHeard(_template(session, now.task), from_ns, max(from_ns, to_ns), None)
    return silent, (_stated(window),)


def answer(session: Session, at_ns: int) -> tuple[Session, str]:
    """A press of MARK: the code of the mark, which may answer what was asked."""
    now = session.asking
    if now is None or now.task not in _ANSWERED or now.stage not in {Stage.SPOKEN, Stage.MARK}:
        return session, "mark"
    return replace(session, asking=None), _answer(session, now, at_ns)


def wait(session: Session, event: Ticked) -> Step:
    """Ask for the next thing, or see how far the present one is."""
    now = session.asking
    if now is None:
        return _ask(session, event.at_ns)
    if now.since_ns == 0:
        return replace(session, asking=replace(now, since_ns=event.at_ns)), ()
    return _go_on(session, now, event.at_ns)


def spoken(session: Session, event: Spoken) -> Step:
    """The prompt is over: now the officer."""
    now = session.asking
    if now is None or now.stage is not Stage.SPOKEN or event.words != _words(session, now):
        return session, ()
    return _await_officer(session, now)


def heard(session: Session, event: WindowHeard) -> Step:
    """State how much voice the window holds; with too little the officer is asked once more."""
    now = session.asking
    if now is None or now.stage is not Stage.HEARING or now.from_ns != event.from_ns:
        return session, ()
    if event.voiced_ms is None:
        return replace(session, asking=None), (_stated(event),)
    if event.voiced_ms >= _least_ms(session, now.task):
        return replace(session, asking=None), (_stated(event), Say(sentences.statement_taken()))
    if now.again:
        return replace(session, asking=None), (_stated(event),)
    once_more = Asking(now.task, again=True)
    return replace(session, asking=once_more), (_stated(event), Say(sentences.statement_unheard()))


def _ask(session: Session, at_ns: int) -> Step:
    free = session.phase is Phase.RECORDING and session.speech is Speech.SILENT
    if not free or not session.agenda:
        return session, ()
    task, *others = session.agenda
    prompt = StoreEvent("prompt", {"prompt": task.value, "at_ns": at_ns})
    now = Asking(task, since_ns=at_ns, menu=_menu(session) if task is Task.CAUSE else None)
    begun = replace(session, agenda=tuple(others), asking=now)
    return begun, (prompt, Say(_words(session, now)))


def _go_on(session: Session, now: Asking, at_ns: int) -> Step:
    if now.menu is not None:
        return _read_on(session, now, now.menu, at_ns)
    waited_ns = at_ns - now.since_ns
    match now.stage:
        case Stage.SPOKEN:
            late = waited_ns >= LONGEST_PROMPT_NS
            return _await_officer(session, now) if late else (session, ())
        case Stage.MARK:
            patience_ns = OPENED_NS if now.task is Task.BEGIN else ANSWER_NS
            return (replace(session, asking=None) if waited_ns >= patience_ns else session), ()
        case Stage.WINDOW:
            over = waited_ns >= _seconds(session, now.task) * _SECOND_NS
            return _listen(session, now, at_ns) if over else (session, ())
        case Stage.HEARING:
            late = waited_ns >= LONGEST_HEARING_NS
            unheard = WindowHeard(_template(session, now.task), now.from_ns, now.to_ns, None)
            return heard(session, unheard) if late else (session, ())


def _read_on(session: Session, now: Asking, menu: Menu, at_ns: int) -> Step:
    """The next choice; once the last one is over, nobody has answered, and that is signed."""
    after = menus.pass_time(menu, at_ns)
    if after is None:
        detail = "asked why the session before was ended; no answer"
        silent = StoreEvent("check", {"name": "cause", "passed": False, "detail": detail})
        return replace(session, asking=None), (silent,)
    reading = replace(now, menu=after)
    moved = replace(session, asking=reading)
    return moved, () if after.index == menu.index else (Say(_words(session, reading)),)


def _menu(session: Session) -> Menu:
    """The rulebook's causes; where both may be of different matters, that is one of them."""
    previous = session.previous
    one_plan = previous is not None and previous.same_plan and session.choice.chosen is not None
    others = () if one_plan else (OTHER_MATTER,)
    return Menu(tuple(RESUME + cause for cause in (*session.conduct.causes, *others)))


def _answer(session: Session, now: Asking, at_ns: int) -> str:
    match now.task:
        case Task.BEGIN:
            return BEGIN + session.begins
        case Task.CAUSE if now.menu is not None:
            return menus.meant(now.menu, at_ns)
        case Task.SIGN:
            return "sign"
        case _:
            return "attested"


def _listen(session: Session, now: Asking, at_ns: int) -> Step:
    listening = replace(now, stage=Stage.HEARING, since_ns=at_ns, from_ns=now.since_ns, to_ns=at_ns)
    ask = Listen(_template(session, now.task), now.since_ns, at_ns)
    return replace(session, asking=listening), (ask,)


def _await_officer(session: Session, now: Asking) -> Step:
    if now.menu is not None:
        return replace(session, asking=replace(now, menu=menus.read_out(now.menu))), ()
    if now.task in _ANSWERED:
        return replace(session, asking=replace(now, stage=Stage.MARK, since_ns=0)), ()
    speaking = replace(now, stage=Stage.WINDOW, since_ns=0)
    return replace(session, asking=speaking), (Attend(_seconds(session, now.task)),)


def _stated(window: WindowHeard) -> StoreEvent:
    fields = {
        "template": window.template,
        "from_ns": window.from_ns,
        "to_ns": window.to_ns,
        "voiced_ms": window.voiced_ms,
    }
    return StoreEvent("statement", fields)


def _reason(session: Session) -> tuple[Task, ...]:
    return (Task.REASON,) if session.conduct.reason_seconds else ()


def _was_over(session: Session) -> bool:
    """The session before had come to its end by the rules: nothing was interrupted."""
    previous = session.previous
    return previous is not None and (previous.ending or "").startswith(END)


def _cause(session: Session) -> tuple[Task, ...]:
    """Only the officer knows why he stopped; where he has said it at the stop, it is known."""
    previous = session.previous
    unknown = previous is not None and previous.ending is None
    stopped = previous is not None and previous.reason in _BY_THE_OFFICER
    return (Task.CAUSE,) if session.conduct.causes and unknown and stopped else ()


def _template(session: Session, task: Task) -> str:
    return session.conduct.arrival if task is Task.STATEMENT else task.value


def _seconds(session: Session, task: Task) -> int:
    conduct = session.conduct
    return conduct.arrival_seconds if task is Task.STATEMENT else conduct.reason_seconds


def _least_ms(session: Session, task: Task) -> int:
    conduct = session.conduct
    return conduct.arrival_voiced_ms if task is Task.STATEMENT else conduct.reason_voiced_ms


def _words(session: Session, now: Asking) -> tuple[str, ...]:  # noqa: PLR0911 - one a task
    if now.again:
        return sentences.statement_unheard()
    match now.task:
        case Task.ATTEST:
            return sentences.unverified()
        case Task.SIGN:
            return sentences.film_the_sign()
        case Task.STATEMENT:
            return sentences.arrival(session.conduct.arrival)
        case Task.BEGIN:
            return sentences.begin(session.begins)
        case Task.CAUSE:
            menu = now.menu or _menu(session)
            return sentences.cause(menu.option.removeprefix(RESUME), first=menu.index == 0)
        case Task.REASON:
            return sentences.interrupted(session.resumes)
