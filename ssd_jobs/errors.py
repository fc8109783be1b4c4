"""The errors of a stage, each with the exit code that the runner acts on.

    JobError                  exit 1    a bug or a lost machine: tried again, counted
    ├── BadInput              exit 64   the user must change something: never tried again
    ├── Temporary             exit 75   a service is away, a volume is full: tried again, not counted
    └── Terminated            exit 143  asked to stop, and everything finished is on disk

Every message is one sentence that says what is wrong, where, and what to do. `ssd_jobs.__main__` is the only
place that turns an error into an exit code.
"""

from enum import IntEnum

__all__ = ["BadInput", "ExitCode", "JobError", "Temporary", "Terminated", "first_line"]


LONGEST = 300
"""Characters of another's sentence that belong into ours."""


class ExitCode(IntEnum):
    """The exit codes of a stage, as both runners and the Job's podFailurePolicy read them."""

    OK = 0
    FAILED = 1
    BAD_INPUT = 64
    TEMPORARY = 75
    TERMINATED = 143


class JobError(Exception):
    """A stage failed; trying again may help."""

    exit_code = ExitCode.FAILED


class BadInput(JobError):
    """What the user gave cannot work; the message names the field or the file and what to change."""

    exit_code = ExitCode.BAD_INPUT


class Temporary(JobError):
    """Something outside is away for now; the same call may work later."""

    exit_code = ExitCode.TEMPORARY


class Terminated(JobError):
    """The stage was asked to stop and did so at a safe point."""

    exit_code = ExitCode.TERMINATED


def first_line(error: BaseException) -> str:
    """Return what a library's error says as a part of a sentence, not all of it; its kind where it says nothing."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
