"""The world on a terminal: run one, or move one with a verb.

Owns the command line of ``python -m hw.fake.world``. Every public verb of ``FakeWorld`` is a
command; its signature gives the arguments and its docstring the help.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hw.errors import HardwareFault
from hw.fake.accidents import Accidents
from hw.fake.server import WorldServer, load_state, state_keeper
from hw.fake.world import FakeWorld

_Socket = Annotated[Path, typer.Option("--socket", help="The world's control socket.")]
_State = Annotated[
    Path | None, typer.Option("--state", help="A file that keeps the world from run to run.")
]
_NOT_VERBS = ("at", "here", "close")


def run() -> None:
    """Run the command line."""
    app()


def _main(
    context: typer.Context, socket: _Socket = Path("run/world.sock"), state: _State = None
) -> None:
    """Run a fake physical world around one recorder, or move one with a verb.

    Without a verb the world runs until Ctrl-C: start it before the recorder.
    """
    if context.invoked_subcommand is not None:
        context.obj = socket
        return
    try:
        server = WorldServer(socket, load_state(state), state_keeper(state))
        asyncio.run(server.serve(lambda: typer.echo(f"the world listens at {socket}")))
    except HardwareFault as fault:
        raise _failure(fault) from fault


def _command(verb: str) -> Callable[..., None]:
    """The command that does ``verb`` to the world that listens at the socket."""
    method = getattr(FakeWorld, verb)

    def command(context: typer.Context, **given: object) -> None:
        socket = given.pop("socket", None) or context.obj
        if not isinstance(socket, Path):
            raise typer.BadParameter("--socket names no path")
        try:
            with FakeWorld.at(socket) as world:
                _show(getattr(world, verb)(**given))
        except HardwareFault as fault:
            raise _failure(fault) from fault

    own = list(inspect.signature(method, eval_str=True).parameters.values())[1:]
    where = inspect.Parameter(
        "socket",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[Path | None, typer.Option("--socket", help="As before the verb.")],
    )
    context = inspect.Parameter(
        "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    described = inspect.Signature([context, *own, where])
    command.__signature__ = described  # type: ignore[attr-defined]  # read by typer
    command.__doc__ = method.__doc__
    return command


def _show(answer: object) -> None:
    if answer is not None:
        typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def _failure(fault: HardwareFault) -> typer.Exit:
    typer.echo(f"{fault.part}: {fault.detail}", err=True)
    return typer.Exit(1)


def _verbs() -> list[str]:
    return [
        name
        for owner in (FakeWorld, Accidents)
        for name, member in vars(owner).items()
        if inspect.isfunction(member) and not name.startswith("_") and name not in _NOT_VERBS
    ]


app = typer.Typer(no_args_is_help=False, add_completion=False)
app.callback(invoke_without_command=True)(_main)
for _name in _verbs():
    app.command(_name.replace("_", "-"))(_command(_name))
