"""The terminal view.

Owns the layout, the keys and the rhythm of looking. Refuses facts and decisions: ``body`` has the
facts, the recorder decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import ClassVar, Final

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer, Static

from agent.console import words
from agent.console.body import Body, View
from hw.errors import HardwareFault

LOOK_SECONDS: Final = 0.3


class Console(App[str]):
    """One recorder in a terminal; its result is why it ended, where it was not asked to.

    Args:
        body: The recorder's body.
    """

    TITLE = "recorder"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #top { height: 15; }
    #side { width: 38; }
    #lamp { height: 3; border: round $primary; content-align: center middle; text-style: bold; }
    #body { height: 1fr; border: round $primary; padding: 0 1; }
    #prompts { width: 1fr; height: 100%; border: round $primary; padding: 0 1; }
    #records { height: 1fr; border: round $primary; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"finger('{name}')" if name != "quit" else "quit", said)
        for key, name, said in words.KEYS
    ]

    def __init__(self, body: Body) -> None:
        super().__init__()
        self._console_body = body
        self._fingers = body.fingers()
        self._hand = Lock()

    def compose(self) -> ComposeResult:
        """Lay the panes out."""
        with Horizontal(id="top"):
            with Vertical(id="side"):
                yield _pane("lamp", words.LAMP_TITLE)
                yield _pane("body", words.BODY_TITLE)
            yield _pane("prompts", words.PROMPTS_TITLE)
        yield _pane("records", words.RECORDS_TITLE)
        yield Footer()

    def on_mount(self) -> None:
        """Look at once, and again and again."""
        self.title = self._console_body.device_id
        self._look_again()
        self.set_interval(LOOK_SECONDS, self._look_again)

    def action_finger(self, name: str) -> None:
        """Do what a key stands for; a hold takes seconds, so it is not done here."""
        finger = self._fingers[name]
        self.run_worker(lambda: self._touch(finger), thread=True, group="fingers")

    def show(self, view: View) -> None:
        """Show what was seen, unless the panes are not there yet or no longer."""
        if not self.query("#lamp"):
            return
        said, colour = words.LAMPS[view.lamp]
        lamp = self.query_one("#lamp", Static)
        lamp.update(Text(f"● {said}", style=f"bold {colour}"))
        lamp.styles.border = ("round", colour if view.lamp is not None else "grey")
        self.query_one("#body", Static).update(_facts(self._console_body.device_id, view))
        self._show_end("#prompts", view.prompts, wrapped=True)
        self._show_end("#records", view.records, wrapped=False)

    def _show_end(self, name: str, lines: Iterable[str], *, wrapped: bool) -> None:
        """As many of the last lines as fit."""
        pane = self.query_one(name, Static)
        width, height = max(1, pane.content_size.width), max(1, pane.content_size.height)
        shown = Text("\n".join(lines), overflow="fold" if wrapped else "ellipsis")
        rows = shown.wrap(self.console, width, no_wrap=not wrapped)
        pane.update(Text("\n").join(list(rows)[-height:]))

    def _look_again(self) -> None:
        self.run_worker(self._look, thread=True, group="look", exclusive=True)

    def _look(self) -> None:
        try:
            view = self._console_body.look()
        except HardwareFault:
            self.call_from_thread(self.exit, words.ENDED)
            return
        self.call_from_thread(self.show, view)

    def _touch(self, finger: Callable[[], None]) -> None:
        try:
            # There is one hand: what it does next waits for what it does now.
            with self._hand:
                finger()
        except HardwareFault:
            self.call_from_thread(self.exit, words.ENDED)


def _pane(name: str, title: str) -> Static:
    pane = Static(id=name, markup=False)
    pane.border_title = title
    return pane


def _facts(device_id: str, view: View) -> Text:
    charging = "，充电中" if view.charging else ""
    free = "介质无应答" if view.free_minutes is None else words.minutes(view.free_minutes)
    rows = (
        ("设备", device_id),
        ("证据库", "运行中" if view.running else "未运行"),
        ("记录中", words.YES_NO[view.recording]),
        ("摄像灯", "亮" if view.camera_light else "灭"),
        ("底座", "已放上" if view.docked else "未放上"),
        ("电量", f"{view.battery_percent}%{charging}"),
        ("空间", free),
        ("声音", words.level(view.level_mdb)),
        ("时间", f"{view.utc[:19]}Z {view.clock_source}"),
        ("待移交", f"{view.pending} 次记录"),
    )
    return Text("\n".join(f"{name}：{value}" for name, value in rows), overflow="ellipsis")
