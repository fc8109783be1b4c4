"""Running a program the way a shell does: descriptors 0, 1 and 2 are real, `__main__` is the program's own.

The interpreter is already running, so what `python main.py` does around a program is done here: fresh text
layers over the descriptors, SystemExit as an exit status, waiting for threads, exit handlers, the last flush.
A functional program is loaded once, its function called once, and the result written to a private descriptor.
"""

import atexit
import builtins
import contextlib
import io
import json
import os
import sys
import traceback
import types
from typing import Any

from ssd_jobs.sandbox import serial

__all__ = ["call_function", "call_typed", "finish", "main_module", "open_streams", "run_script", "status_of"]

FILE = "main.py"
WRITERS = (io.TextIOWrapper, io.BufferedWriter)


def open_streams() -> None:
    """Make standard streams as they are for files; what descriptors 0, 1 and 2 are is decided later."""
    sys.argv = [FILE]
    sys.stdin = sys.__stdin__ = _text(0, "r", "surrogateescape")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _text(1, "w", "surrogateescape")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(2, "w", "backslashreplace")  # type: ignore[misc]


def main_module(name: str) -> types.ModuleType:
    """Return an empty module in the place of this process's main module."""
    module = types.ModuleType(name)
    module.__dict__.update(__builtins__=builtins, __file__=FILE)
    sys.modules["__main__"] = module
    return module


def run_script(code: types.CodeType, module: types.ModuleType) -> None:
    """Run a program that reads stdin."""
    exec(code, module.__dict__)  # noqa: S102 - what a sandbox is for


def call_function(code: types.CodeType, module: types.ModuleType, *, entry_point: str, data: bytes) -> bytes:
    """Load a solution, call its function and return the result as JSON."""
    function = _function(code, module, entry_point)
    return serial.plain(function(*json.loads(data)))


def call_typed(code: types.CodeType, module: types.ModuleType, *, entry_point: str, data: bytes) -> bytes:
    """Load a solution, call its function with tagged arguments and return the result tagged."""
    function = _function(code, module, entry_point)
    arguments, named = serial.untagged(data)
    return serial.tagged(function(*arguments, **named))


def _function(code: types.CodeType, module: types.ModuleType, entry_point: str) -> Any:
    """Load a solution and return the function that was asked for."""
    exec(code, module.__dict__)  # noqa: S102 - what a sandbox is for
    owner, _, name = entry_point.rpartition(".")
    # Some solutions leave out the class that the starter code shows; the function is what was asked for.
    bare = not owner or (not hasattr(module, owner) and hasattr(module, name))
    holder: Any = module if bare else getattr(module, owner)()
    return getattr(holder, name)


def status_of(error: BaseException) -> int:
    """Return the exit status that the interpreter gives for what ended a program, and print the traceback."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        print(error.code, file=sys.stderr)  # noqa: T201 - what the interpreter does with a message
        return 1
    traceback.print_exception(type(error), error, _own_frames(error.__traceback__))
    return 1


def _own_frames(trace: types.TracebackType | None) -> types.TracebackType | None:
    """Return a traceback from the program's first frame on, without those of the sandbox."""
    while trace and trace.tb_frame.f_code.co_filename != FILE:
        trace = trace.tb_next
    return trace


def finish(status: int, module: types.ModuleType) -> int:
    """Wait for threads, run exit handlers, flush; return the final exit status."""
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()  # noqa: SLF001 - what the interpreter calls at its end
    atexit._run_exitfuncs()  # noqa: SLF001
    with contextlib.suppress(ValueError):
        try:
            if getattr(sys, "stdout", None) is not None:
                sys.stdout.flush()
        except OSError:
            status = status or 120
    # The interpreter then clears the main module and `sys`, and a stream that nobody holds writes what it has left.
    for stream in (*module.__dict__.values(), getattr(sys, "__stdout__", None)):
        if issubclass(type(stream), WRITERS):
            with contextlib.suppress(Exception):
                stream.flush()
    return status


def _text(descriptor: int, mode: str, errors: str) -> io.TextIOWrapper:
    """Return a text layer over a descriptor, as the interpreter makes it for a file."""
    raw = io.FileIO(descriptor, mode, closefd=False)
    binary: Any = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    stream = io.TextIOWrapper(binary, encoding="utf-8", errors=errors, line_buffering=descriptor == 2)
    stream.mode = mode  # type: ignore[misc]
    return stream


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write everything, however many writes it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
