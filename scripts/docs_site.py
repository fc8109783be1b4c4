"""Lay the pages out as the source of the site: each where it is in the tree, so that links between them hold.

A link to a page or to a file that readers open (an example, a picture) stays, and the file comes along. A link into the
code becomes its text: the site has no code. What a page links and the tree has not is left for mkdocs to refuse.
"""

import re
import shutil
import sys
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = ("*.md", "docs/*.md", "charts/*/README.md", "examples/*/README.md")
OPENED = {".md", ".yaml", ".png", ".svg", ".txt"}
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")


def main(target: Path) -> None:
    """Write the source of the site to an empty folder."""
    shutil.rmtree(target, ignore_errors=True)
    for page in sorted(path for pattern in PAGES for path in ROOT.glob(pattern)):
        text = page.read_text(encoding="utf-8")
        place = target / page.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(LINK.sub(partial(linked, page), text), encoding="utf-8")
        for name in [*IMAGE.findall(text), *(match[2] for match in LINK.finditer(text))]:
            bring(page.parent / name, target)
    shutil.copytree(ROOT / "docs" / "site", target / "docs" / "site")


def linked(page: Path, match: re.Match[str]) -> str:
    """Return a link as it is, or its text where it leads into the code."""
    path = page.parent / match[2]
    into_code = "://" not in match[2] and path.exists() and path.suffix not in OPENED
    return match[1] if into_code else match[0]


def bring(file: Path, target: Path) -> None:
    """Copy a file that a page shows or links, unless it is a page itself."""
    if file.is_file() and file.suffix in OPENED - {".md"}:
        place = target / file.resolve().relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
