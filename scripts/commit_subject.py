"""The form of a commit message: a subject of at most 72 characters, then an empty line, then why.

With a FILE, the message in it, as git's hook `commit-msg` gives it; else the newest commit's, if there is a history.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LONGEST = 72
SQUASHED = ("fixup! ", "squash! ", "amend! ")
"""What git puts before the subject of a commit that will be part of another one."""
CUT = "# ------------------------ >8 ------------------------"


def complaints(message: str) -> Iterator[str]:
    """Yield what is wrong with a message."""
    subject, *body = written(message).split("\n")
    for mark in SQUASHED:
        subject = subject.removeprefix(mark)
    if len(subject) > LONGEST:
        yield f"the subject has {len(subject)} characters, at most {LONGEST} are allowed: move the why into the body"
    if body and body[0]:
        yield "the second line is not empty: git takes it for a part of the subject"


def written(message: str) -> str:
    """Return a message without what git wrote for its author."""
    lines = message.partition(CUT)[0].splitlines()
    return "\n".join(line.rstrip() for line in lines if not line.startswith("#")).strip()


def newest() -> str | None:
    """Return the message of the newest commit; None where there is no history, as in an unpacked archive."""
    done = subprocess.run(
        ["git", "log", "-1", "--no-merges", "--format=%B"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None if done.returncode == 0 else None


def main() -> int:
    """Return 0 when the message has the form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?")
    file: Path | None = parser.parse_args().file
    message = newest() if file is None else file.read_text(encoding="utf-8")
    found = [] if message is None else list(complaints(message))
    for complaint in found:
        print(f"commit message: {complaint}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
