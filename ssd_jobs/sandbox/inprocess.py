"""Running a program the way the official LiveCodeBench runner does: inside a Python function, with a fake stdin.

Kept apart from `process` because it is deliberately wrong about many correct programs: it exists to reproduce
published numbers. What the fake stdin can and cannot do, which statements are hoisted, what `exit` and `quit`
are - each line here is a behaviour of the official runner (commit 28fef95), told in our own words. Two things
differ on purpose: the comparison happens outside, and every test starts from a fresh process.
"""

import ast
import builtins
import contextlib
import importlib
import io
import json
import os
import signal
import sys
import types
from collections.abc import Callable
from typing import Any

from ssd_jobs.sandbox import prelude, serial

__all__ = ["prepare", "run"]

RECURSION_LIMIT = 50_000
INT_DIGITS = 50_000
REMOVED_FROM_OS = """
    kill system putenv remove removedirs rmdir fchdir setuid fork forkpty killpg rename renames truncate replace unlink
    fchmod fchown chmod chown chroot lchown getcwd chdir
"""
REMOVED_MODULES = ("ipdb", "joblib", "resource", "psutil", "tkinter")


class FakeBuffer:
    """Stands for `sys.stdin.buffer`: reading a line gives the first one, always."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8")

    def read(self, *_: object) -> bytes:
        """Return the whole input, every time."""
        return self.data

    def readline(self, *_: object) -> bytes:
        """Return the first line, every time."""
        return self.data.split(b"\n")[0] + b"\n"


class FakeStdin:
    """Stands for `sys.stdin`: it cannot be iterated, and each read gives the whole input."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rest = io.StringIO(text)
        self.buffer = FakeBuffer(text)

    def read(self, *_: object) -> str:
        """Return the whole input, whatever was read before."""
        return self.text

    def readline(self, *_: int) -> str:
        """Return the next line."""
        return self.rest.readline(*_)

    def readlines(self, *_: object) -> list[str]:
        """Return all lines without their ends."""
        return self.text.split("\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rest, name)


def prepare(source: str, kind: str) -> str:
    """Return the text that is really executed; text that cannot be parsed fails when it is executed."""
    head = prelude.source() + f"sys.setrecursionlimit({RECURSION_LIMIT})\n"
    if kind == "functional":
        return f"{head}\n\n{source}"
    try:
        return _wrapped(ast.parse(_unguarded(source)), head)
    except Exception:  # noqa: BLE001 - whatever the parser raises on hostile text, the runner goes on without it
        return source


def run(text: str, code: types.CodeType, *, kind: str, entry_point: str, data: bytes, seconds: float) -> bytes:
    """Execute one test and return what the private descriptor carries."""
    _remove_functions()
    module = types.ModuleType("tmp_sol", "")
    _alarm(seconds)
    exec(code, module.__dict__)  # noqa: S102 - what a sandbox is for
    holder: Any = module
    if "class Solution" in text:
        holder = holder.Solution()
    if kind == "functional":
        method = getattr(holder, entry_point.rpartition(".")[2])
        arguments = json.loads(data)
        _alarm(seconds)
        return serial.exact(method(*arguments))
    return _captured(holder.wrapped_function, data.decode("utf-8", "surrogatepass"), seconds)


def _captured(function: Callable[[], object], text: str, seconds: float) -> bytes:
    """Call the wrapped program with a fake stdin and return what it printed."""
    printed = io.StringIO()
    sys.stdout = printed
    builtins.open = lambda *_, **__: io.StringIO(text)  # type: ignore[assignment]
    _feed_real_stdin(text)
    sys.stdin = FakeStdin(text)
    _alarm(seconds)
    with contextlib.suppress(SystemExit):
        function()
    return printed.getvalue().encode("utf-8", "surrogatepass")


def _feed_real_stdin(text: str) -> None:
    """Let `from sys import stdin`, hoisted above the fake, read lines; the official runner does so by accident."""
    lines = iter(text.split("\n"))
    real: Any = sys.stdin
    real.readline = lambda *_: next(lines)
    real.readlines = lambda *_: text.split("\n")
    real.read = lambda *_: text


def _unguarded(source: str) -> str:
    """Replace a main guard by its body, if it is the last statement."""
    tree = ast.parse(source)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.If) and ast.unparse(last.test).strip() == "__name__ == '__main__'":
        return "\n".join([_text(tree.body[:-1]), _text(last.body)])
    return source


def _wrapped(tree: ast.Module, head: str) -> str:
    """Hoist the imports of the top level and make the rest the body of one function."""
    imports: list[ast.stmt] = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    function = ast.FunctionDef(name="wrapped_function", args=empty, body=others, decorator_list=[], lineno=1)
    return "\n".join([head, _text(imports), ast.unparse(function)])


def _text(statements: list[ast.stmt]) -> str:
    return ast.unparse(ast.Module(body=statements, type_ignores=[]))


def _alarm(seconds: float) -> None:
    """Start the clock of one phase; the official runner raises in the program, here nobody can swallow it."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _remove_functions() -> None:
    """Remove the functions that the official runner removes: programs that call them must fail here as there."""
    sys.set_int_max_str_digits(INT_DIGITS)
    for name in ("quit", "help"):
        setattr(builtins, name, None)
    for name in REMOVED_FROM_OS.split():
        setattr(os, name, None)
    for name, attributes in {"shutil": ("rmtree", "move", "chown"), "subprocess": ("Popen",)}.items():
        for attribute in attributes:
            setattr(importlib.import_module(name), attribute, None)
    for name in REMOVED_MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
