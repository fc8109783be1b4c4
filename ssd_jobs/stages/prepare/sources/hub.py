"""The Hugging Face hub, and its local cache when nobody may be asked.

A branch or tag is resolved to a commit once; everything after names the commit. Errors say whose field is wrong
(64) or that the hub is away (75). The token, if any, is read by the library from the environment.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from ssd_jobs.artifacts.counting import Counted
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput, Temporary, first_line
from ssd_jobs.stages.prepare.sources.growing import growing

__all__ = ["Repository", "resolve"]

Kind = Literal["model", "dataset"]


@dataclass(frozen=True)
class Repository:
    """A repository at one commit."""

    name: str
    kind: Kind
    commit: str
    files: tuple[str, ...]
    field: str
    """Where the user named it, for messages."""
    cached: Path | None
    """Its directory in the cache; None when the hub may be asked."""
    sizes: Mapping[str, int]
    """Bytes of the files, as far as the hub tells them."""

    def matching(self, *patterns: str) -> list[str]:
        """Return the files that match one of the patterns, in order."""
        return [name for name in self.files if any(fnmatch(name, pattern) for pattern in patterns)]

    def fetch(self, name: str) -> Path:
        """Return a local path of one file."""
        if self.cached is not None:
            return self.cached / name
        import huggingface_hub

        with _hub_errors(self.name, self.commit, self.field):
            return Path(huggingface_hub.hf_hub_download(self.name, name, repo_type=self.kind, revision=self.commit))

    def download(self, names: Sequence[str], target: Path, fetched: Counted) -> None:
        """Fetch files straight into a directory; what is there already is not fetched again.

        One by one: the library's download of a snapshot takes an unreachable hub for a reason to return what is
        there.
        """
        import huggingface_hub

        total = sum(self.sizes.get(name, 0) for name in names)
        with _hub_errors(self.name, self.commit, self.field), growing(target, total, fetched):
            for name in names:
                huggingface_hub.hf_hub_download(
                    self.name, name, repo_type=self.kind, revision=self.commit, local_dir=target
                )


def resolve(name: str, revision: str, *, kind: Kind, offline: bool, field: str) -> Repository:
    """Find a repository and the commit its revision means now; HF_HUB_OFFLINE forbids to ask as the config does."""
    import huggingface_hub

    find = _cached if offline or huggingface_hub.is_offline_mode() else _online
    return find(name, revision, kind, field)


def _online(name: str, revision: str, kind: Kind, place: str) -> Repository:
    """Ask the hub."""
    import huggingface_hub

    with _hub_errors(name, revision, place):
        info: Any = huggingface_hub.HfApi().repo_info(
            name, revision=revision, repo_type=kind, files_metadata=kind == "model"
        )
    sizes = {sibling.rfilename: int(sibling.size or 0) for sibling in info.siblings}
    return Repository(name, kind, str(info.sha), tuple(sorted(sizes)), place, cached=None, sizes=sizes)


def _cached(name: str, revision: str, kind: Kind, field: str) -> Repository:
    """Return the files that the cache has."""
    import huggingface_hub

    with _hub_errors(name, revision, field, asked=False):
        path = huggingface_hub.snapshot_download(name, repo_type=kind, revision=revision, local_files_only=True)
    directory = Path(path)
    files = tuple(sorted(file.relative_to(directory).as_posix() for file in directory.rglob("*") if file.is_file()))
    return Repository(name, kind, directory.name, files, field, cached=directory, sizes={})


@contextmanager
def _hub_errors(name: str, revision: str, field: str, *, asked: bool = True) -> Iterator[None]:
    """Turn the library's errors into one sentence; LocalEntryNotFoundError is also raised for a hub that fails."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError:
        raise BadInput(f"{field}: {name} is gated; accept its terms on the hub and give a token") from None
    except errors.RepositoryNotFoundError:
        raise BadInput(f"{field}.repo: {name} is not on the hub, or the token may not read it; correct it") from None
    except errors.RevisionNotFoundError:
        raise BadInput(
            f"{field}.revision: {name} has no revision {brief(repr(revision))}; name a branch, tag or commit"
        ) from None
    except errors.LocalEntryNotFoundError as error:
        if asked:
            raise _unreachable(name, error.__cause__ or error) from None
        raise BadInput(
            f"{field}: {name} at {brief(repr(revision))} is not in the local cache and the hub may not be asked; "
            "fetch it first"
        ) from None
    except errors.HFValidationError as error:
        raise BadInput(f"{field}.repo: {name}: {first_line(error)}") from None
    except errors.HTTPError as error:  # whichever HTTP library it uses; its own errors are of this kind, too
        status = getattr(getattr(error, "response", None), "status_code", 503)
        if status in (401, 403):
            raise BadInput(f"{field}: the hub refuses {name} ({status}); check the token") from None
        raise _unreachable(name, error) from None


def _unreachable(name: str, error: BaseException) -> Temporary:
    """Return the Temporary error of a hub that does not answer."""
    return Temporary(f"the hub cannot be reached for {name} ({type(error).__name__}); try again later")
