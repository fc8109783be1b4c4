"""One experiment on a real cluster, looked at as its user would: kubectl, its events, the files on its volume."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.kubectl import Kubectl

__all__ = ["Experiment", "Unexpected"]

LOOK_S = 1.0


class Unexpected(AssertionError):
    """What was waited for did not happen; the text has what is needed to see why."""


@dataclass(frozen=True)
class Experiment:
    """A SelfDistillation by its name."""

    kubectl: Kubectl
    name: str

    def document(self) -> dict[str, Any]:
        """Return the resource as it is now."""
        return self.kubectl.get("selfdistillation", self.name)

    @property
    def status(self) -> dict[str, Any]:
        """Its status; empty before the operator has seen it."""
        found: dict[str, Any] = self.document().get("status", {})
        return found

    def stage(self, name: str) -> dict[str, Any]:
        """Return a stage's part of the status; empty when there is none."""
        return next((dict(each) for each in self.status.get("stages", []) if each["name"] == name), {})

    def pods(self, stage: str, *, phase: str = "") -> list[dict[str, Any]]:
        """Return the pods of a stage, oldest first."""
        selector = f"selfdistill.dev/experiment={self.name},selfdistill.dev/stage={stage}"
        found: list[dict[str, Any]] = self.kubectl.get("pods", f"--selector={selector}")["items"]
        found.sort(key=lambda pod: pod["metadata"]["creationTimestamp"])
        return [pod for pod in found if phase in ("", pod["status"]["phase"])]

    def events(self) -> list[str]:
        """Return the reasons of its events in the order in which they were written."""
        found = self.kubectl.get("events.events.k8s.io")["items"]
        mine = [each for each in found if each["regarding"].get("name") == self.name]
        return [each["reason"] for each in sorted(mine, key=lambda each: each.get("eventTime") or "")]

    def wait(self, ready: Callable[["Experiment"], bool], *, what: str, seconds: float) -> None:
        """Return when `ready`; give up when the run has failed, or after `seconds`."""
        end = time.monotonic() + seconds
        seen = ""
        while not ready(self):
            status = self.status
            line = f"{status.get('phase')} {status.get('stage', '')} {status.get('progress', '')}"
            if line != seen:
                sys.stderr.write(f"{time.strftime('%H:%M:%S')} {self.name}: {line}\n")
                seen = line
            if status.get("phase") == "Failed" or time.monotonic() > end:
                raise Unexpected(f"{self.name} did not come to {what}: {line}\n{self.story()}")
            time.sleep(LOOK_S)

    def wait_phase(self, phase: str, *, seconds: float) -> None:
        """Return when the run is in this phase."""
        self.wait(lambda each: each.status.get("phase") == phase, what=phase, seconds=seconds)

    def story(self) -> str:
        """Return what a person would look at: the description, and the last words of its pods."""
        parts = [self.kubectl("describe", "selfdistillation", self.name)]
        selector = f"selfdistill.dev/experiment={self.name}"
        for pod in self.kubectl.get("pods", f"--selector={selector}")["items"]:
            name, phase = pod["metadata"]["name"], pod["status"]["phase"]
            if phase == "Succeeded":
                continue
            parts.append(f"--- {name} {phase}: {json.dumps(pod['status'].get('containerStatuses', []))[:1500]}")
            parts.append(self.kubectl("logs", name, "--all-containers", "--tail=30"))
        return "\n".join(parts)

    def volume(self) -> Path:
        """Return the folder of this machine that is its claim's volume."""
        claim = self.document()["spec"]["storage"]["claimName"]
        volume = self.kubectl.get("persistentvolumeclaim", claim)["spec"]["volumeName"]
        return Path(self.kubectl.get("persistentvolume", volume)["spec"]["local"]["path"])
