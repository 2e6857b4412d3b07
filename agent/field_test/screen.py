"""The tester before a terminal.

Owns showing and asking. Refuses facts, and words of its own: ``words`` has them.
"""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.prompt import Confirm
from rich.table import Table

from agent.field_test import words
from agent.field_test.outcome import Outcome, State
from agent.field_test.protocol import CODES
from agent.field_test.tester import Tester

_COLOURS = {State.PASSED: "green", State.FAILED: "red", State.SKIPPED: "yellow"}


class Screen(Tester):
    """Asks whoever sits before ``console``."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self, step: str) -> None:
        """Say which step it is, and what it proves."""
        title, proves = words.STEPS[step]
        place = f"{CODES.index(step) + 1}/{len(CODES)}"
        self._console.rule(f"[bold]{place} {title}[/bold]")
        self._console.print(f"[dim]{escape(proves)}[/dim]", highlight=False)

    def do(self, task: str) -> None:
        """Tell what to do."""
        self._console.print(f"▶ [bold]{escape(words.TASKS[task])}[/bold]", highlight=False)

    def confirm(self, question: str, shown: str = "") -> bool:
        """Ask, and wait for yes or no."""
        if shown:
            self._console.print(escape(shown), highlight=False)
        asked = f"{escape(words.QUESTIONS[question])} y=是 n=否"
        return Confirm.ask(asked, console=self._console)

    def end(self, step: str, outcome: Outcome) -> None:
        """Say what came of it."""
        show(self._console, step, outcome)


def show(console: Console, step: str, outcome: Outcome) -> None:
    """One step's outcome, with cause and next step."""
    title, _ = words.STEPS[step]
    told = f"[{_COLOURS[outcome.state]}]{words.STATES[outcome.state]}[/] {escape(title)}"
    figures = "；".join(f"{name} {value}" for name, value in words.measures(outcome))
    console.print(f"{told}  [dim]{escape(figures)}[/dim]", highlight=False)
    cause, after = words.cause(step, outcome)
    if cause:
        console.print(f"    {escape(cause)}。下一步：{escape(after)}", highlight=False)


def list_steps(console: Console) -> None:
    """The steps, in their order."""
    table = Table("序号", "代码", "项目", "证明什么")
    for number, code in enumerate(CODES, 1):
        title, proves = words.STEPS[code]
        table.add_row(str(number), code, title, proves)
    console.print(table)
