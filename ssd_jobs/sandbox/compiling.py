"""What a program's text becomes before a test of it runs: code, an empty main module, and the bounds of a test.

Compiling runs no line of the program, but its text is hostile too: it happens in a process that serves nobody else,
under the limits of a test.
"""

import types
from dataclasses import dataclass

from ssd_jobs.sandbox import confine, inprocess, prelude, process
from ssd_jobs.sandbox.protocol import Program

__all__ = ["Bounds", "Compiled", "NotCompiled", "compile_program"]

GRACE_SECONDS = 1.0


class NotCompiled(Exception):
    """The program does not compile; the message says why."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one test of a program may use."""

    memory: int
    """Address space: the limit of the program, and what the warm interpreter itself has mapped."""
    cpu: float
    wall: float
    files: int
    """How many descriptors a test has: its standard ones, and one to return an answer over."""

    @classmethod
    def of(cls, program: Program, mapped: int) -> "Bounds":
        """Return the bounds of a program's tests in a process that has so many bytes mapped."""
        limits = program.limits
        memory = mapped + limits.memory_mb * confine.MEGABYTE
        if program.mode == "LCB":
            # An in-process run has its own alarm for each of its two phases.
            cpu = 2 * limits.cpu_seconds + GRACE_SECONDS
            return cls(memory, cpu, cpu, 4)
        return cls(memory, limits.cpu_seconds, limits.wall_seconds, 4 if program.kind == "functional" else 3)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program that compiled: the text that runs, its code, and the module it runs as."""

    text: str
    code: types.CodeType
    module: types.ModuleType


def compile_program(program: Program) -> Compiled:
    """Compile a program, or raise NotCompiled."""
    text = program.source
    in_process = program.mode == "LCB"
    try:
        if in_process:
            text = inprocess.prepare(text, program.kind)
        code = compile(text, process.FILE, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise NotCompiled(f"{type(error).__name__}: {error}"[:300]) from None
    module = process.main_module("__main__" if program.kind == "stdin" else "solution")
    if program.kind == "functional" and not in_process:
        module.__dict__.update(prelude.namespace())
    return Compiled(text, code, module)
