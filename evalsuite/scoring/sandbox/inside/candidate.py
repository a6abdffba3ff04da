"""The candidate's own process, after it gave up every right: runs the program and answers calls.

Whatever happens here is the candidate's business. It can lie in its values and nowhere else.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import signal
import sys
import threading
import traceback
import types
from typing import Any, NoReturn

from evalsuite.scoring.sandbox.inside.wire import NotPlain, Wire, decode, encode, may_change

MODULE = "solution"
_MOST_OBJECTS = 100_000


def _compiled(source: str | bytes, name: str) -> types.CodeType:
    # Else this file's own __future__ imports would be the program's too.
    return compile(source, name, "exec", dont_inherit=True)


# --- functions and objects that the trusted side calls ------------------------------------------


class _Session:
    """One program, the objects of it that the trusted side has references to."""

    def __init__(self) -> None:
        self.module = types.ModuleType(MODULE)
        self.objects: list[Any] = []

    def keep(self, value: Any) -> int:
        if len(self.objects) >= _MOST_OBJECTS:
            raise NotPlain(f"more than {_MOST_OBJECTS} objects")
        self.objects.append(value)
        return len(self.objects) - 1

    def given(self, kind: str, content: Any) -> Any:
        return self.objects[content[0] if kind == "object" else content]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to a request, without its id."""
        if request["do"] == "load":
            exec(_compiled(request["source"], f"<{MODULE}>"), self.module.__dict__)
            return {"value": None}
        if request["do"] == "next":
            return self.next_items(request["of"], request["count"])
        target = self.module if request["of"] is None else self.objects[request["of"]]
        if request["do"] == "set":
            setattr(target, request["name"], decode(request["value"], self.given))
            return {"value": None}
        if request["name"]:
            target = getattr(target, request["name"])
        if request["do"] == "get":
            return {"value": encode(target, self.keep)}
        return self.call(target, request)

    def call(self, function: Any, request: dict[str, Any]) -> dict[str, Any]:
        args = [decode(item, self.given) for item in request["args"]]
        named = {name: decode(item, self.given) for name, item in request["named"].items()}
        try:
            reply: dict[str, Any] = {"value": encode(function(*args, **named), self.keep)}
        except (MemoryError, NotPlain):
            raise
        except Exception as error:
            reply = {"failed": "raised", **_told(error)}
        if request["show_changes"]:
            reply["changed"] = [
                [place, now]
                for place, arg in enumerate(args)
                if may_change(arg) and (now := encode(arg, self.keep)) != request["args"][place]
            ]
        return reply

    def next_items(self, number: int, count: int) -> dict[str, Any]:
        items: list[Wire] = []
        for _ in range(count):
            try:
                items.append(encode(next(self.objects[number]), self.keep))
            except StopIteration:
                return {"value": items, "over": True}
        return {"value": items, "over": False}


def serve(channel: int) -> NoReturn:
    """Answer requests, a line each, until the channel closes."""
    incoming, outgoing = os.fdopen(channel, "rb"), os.fdopen(os.dup(channel), "wb")
    session = _Session()
    sys.modules[MODULE] = session.module

    def reply(message: dict[str, Any]) -> None:
        outgoing.write(json.dumps(message).encode() + b"\n")
        outgoing.flush()

    reply({"ready": True})
    for line in incoming:
        request = json.loads(line)
        try:
            answer = session.answer(request)
        except MemoryError:
            answer = {"failed": "memory"}
        except NotPlain as error:
            answer = {"failed": "not_plain", "message": str(error)}
        except BaseException as error:
            # SystemExit and KeyboardInterrupt too: leaving early is no way to pass.
            answer = {"failed": "raised", **_told(error)}
        answer["id"] = request["id"]
        reply(answer)
    os._exit(0)


def _told(error: BaseException) -> dict[str, Any]:
    """An exception in plain data: its name, its built-in ancestors, its text and arguments."""
    names = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
    told: dict[str, Any] = {"type": type(error).__name__, "bases": names, "message": "", "args": []}
    # Its __str__ and its arguments are the candidate's.
    with contextlib.suppress(BaseException):
        told["message"] = str(error)[:2000]
    with contextlib.suppress(BaseException):
        told["args"] = [encode(arg) for arg in error.args]
    return told


# --- programs -----------------------------------------------------------------------------------


def run_script(name: str) -> NoReturn:
    """Run a file as ``python name`` does; standard streams are those of this process."""
    code = 0
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=name, __builtins__=builtins)
    sys.modules["__main__"] = module
    sys.argv = [name]
    sys.path.insert(0, os.getcwd())
    try:
        with open(name, "rb") as file:
            source = file.read()
        exec(_compiled(source, name), module.__dict__)
    except SystemExit as leaving:
        code = _exit_code(leaving)
    except BaseException:
        traceback.print_exc()
        code = 1
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
    with contextlib.suppress(BaseException):
        sys.stderr.flush()
    os._exit(code)


def _exit_code(leaving: SystemExit) -> int:
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF
    print(leaving.code, file=sys.stderr)
    return 1


def run_program(argv: list[str], env: dict[str, str]) -> NoReturn:
    """Become another program.

    Raises:
        OSError: If it cannot be started.
    """
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and that would be inherited
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execvpe(argv[0], argv, env)
    except FileNotFoundError:
        raise FileNotFoundError(f"no program {argv[0]!r} in the sandbox") from None
