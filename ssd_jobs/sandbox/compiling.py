"""What a program's text becomes before a test of it runs: code and an empty main module.

Compiling runs no line of the program, but its text is hostile too: it happens in a process that serves nobody else,
under the limits of a test.
"""

import types
from dataclasses import dataclass

from ssd_jobs.sandbox import inprocess, prelude, process
from ssd_jobs.sandbox.protocol import NotCompiled, Terms

__all__ = ["Compiled", "compile_program"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program that compiled: the text that runs, its code, and the module it runs as."""

    text: str
    code: types.CodeType
    module: types.ModuleType


def compile_program(text: bytes | memoryview, terms: Terms) -> Compiled:
    """Compile a program, or raise NotCompiled."""
    in_process = terms.mode == "LCB"
    try:
        # As few objects as can be: this often runs in a fresh fork, which pays for each that it touches.
        source = str(text, "utf-8", "surrogatepass")
        if in_process:
            source = inprocess.prepare(source, terms.kind)
        code = compile(source, process.FILE, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise NotCompiled(f"{type(error).__name__}: {error}"[:300]) from None
    module = process.main_module("__main__" if terms.kind == "stdin" else "solution")
    if terms.kind != "stdin" and not in_process:
        module.__dict__.update(prelude.namespace())
        # The function is the program's own or none: `add` is in `operator`, too.
        for name in terms.entry_point.split("."):
            module.__dict__.pop(name, None)
    return Compiled(source, code, module)
