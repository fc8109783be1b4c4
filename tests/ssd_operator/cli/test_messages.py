"""What a person sees of `ssd`: help, tables, and one sentence for every mistake."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from processes.program import SSD, ssd
from ssd_operator.spec import presets

ROOT = Path(__file__).parent.parent.parent.parent
TOY = ROOT / "examples" / "toy" / "selfdistill.yaml"
COMMANDS = (
    "run", "sweep", "status", "plan", "manifests", "presets", "report", "regrade", "promote", "rollback", "toy", "init",
    "explain",
)  # fmt: skip


def test_help_names_every_command() -> None:
    """`ssd --help` lists what there is."""
    done = ssd("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)


def test_the_toys_plan_is_printed_offline(tmp_path: Path) -> None:
    """The graph of the example is known without a network: nothing in it can move."""
    done = ssd("plan", str(TOY), "--workdir", str(tmp_path), "--output", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["stage"] for row in rows][:4] == ["prepare", "sample", "curate", "train"]
    assert all(len(row["key"]) == 16 and row["config"]["key"].startswith(row["key"]) for row in rows)
    assert not list(tmp_path.iterdir())


def test_a_branch_is_known_after_prepare(tmp_path: Path) -> None:
    """What a branch means is not known offline, and the plan says so instead of guessing."""
    done = ssd("plan", str(ROOT / "examples" / "qwen3-4b" / "selfdistill.yaml"), "--workdir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "after prepare" in done.stdout


MISTAKES: list[tuple[str, str, str]] = [
    ("type", "  sampling: {temperature: hot}\n", "x.yaml:6: spec.sampling.temperature"),
    ("unknown field", "  sampling: {temprature: 1}\n", "x.yaml:6: spec.sampling"),
    ("bound", "  sampling: {topP: 0}\n", "x.yaml:6: spec.sampling.topP"),
    ("yaml", "  sampling: {temperature: [\n", "x.yaml:8: not YAML"),
    ("preset", "  preset: toy5\n", "toy5"),
]


@pytest.mark.parametrize(("addition", "complaint"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_one_line_with_its_place(addition: str, complaint: str, tmp_path: Path) -> None:
    """A wrong file ends with 64 and the line of the mistake, without a traceback."""
    preset = "" if "preset" in addition else "  preset: toy\n"
    head = "apiVersion: selfdistill.dev/v1alpha1\nkind: SelfDistillation\nmetadata: {name: x}\nspec:\n"
    (tmp_path / "x.yaml").write_text(f"{head}{preset}{addition}  storage: {{claimName: c}}\n")
    done = ssd("run", "x.yaml", cwd=tmp_path)
    assert done.returncode == 64
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("run",),
        ("run", "nothing.yaml"),
        ("plan", "--wrong", "x.yaml"),
        ("plan", str(TOY), "--output", "xml"),
        ("presets", "nobody"),
        ("run", str(TOY), "--mlflow", "nonsense"),
        ("report", str(TOY), "--name", "another"),
        ("regrade", str(TOY), "--mode", "LCB", "--mlflow", "http://me:secret@mlflow"),
    ],
)
def test_a_wrong_command_line_ends_with_64(arguments: tuple[str, ...]) -> None:
    """A mistake on the command line is bad input too."""
    done = ssd(*arguments)
    assert done.returncode == 64
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


ODD: list[tuple[str, bytes, str]] = [
    ("binary", b"\xff\xfe\x00", "is not UTF-8 text"),
    ("nul", TOY.read_bytes() + b"\x00", "the character U+0000 at position"),
    ("nothing", b"", "holds 0 documents"),
    ("two documents", b"a: 1\n---\nb: 2\n", "holds 2 documents"),
    ("a list", b"- 1\n", "a resource must be an object"),
    ("too deep", b"a: " + b"[" * 5000, "nested too deeply"),
    ("another kind", b"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}\n", "kind: must be SelfDistillation"),
    ("a long number", b"apiVersion: " + b"9" * 5000, "apiVersion: must be selfdistill.dev/v1alpha1"),
]


@pytest.mark.parametrize(("content", "complaint"), [case[1:] for case in ODD], ids=[case[0] for case in ODD])
def test_whatever_is_in_the_file_is_answered_in_words(content: bytes, complaint: str, tmp_path: Path) -> None:
    """No content of a file is a bug of ours."""
    (tmp_path / "x.yaml").write_bytes(content)
    done = ssd("plan", "x.yaml", cwd=tmp_path)
    assert done.returncode == 64
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_written_twice_is_said(tmp_path: Path) -> None:
    """kubectl takes the last of two equal keys without a word; here the plan is the same, and the line is named."""
    (tmp_path / "x.yaml").write_text(TOY.read_text().replace("spec:", "spec:\n  deadline: 1h\n  deadline: 2h"))
    done = ssd("plan", "x.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == "x.yaml:8: spec.deadline: is written twice: the last one counts, with kubectl as well\n"


@pytest.mark.parametrize("arguments", [("plan", str(TOY)), ("manifests", str(TOY)), ("presets", "toy")])
def test_a_full_disk_behind_the_output_is_one_sentence(arguments: tuple[str, ...]) -> None:
    """Who redirects into a full disk is told so, and may try again."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([str(SSD), *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 75
    assert done.stderr == "standard output: No space left on device; nothing else was lost\n"


def test_a_reader_that_leaves_early_is_no_failure_of_ours() -> None:
    """`ssd plan FILE | head -1` ends without a word."""
    with subprocess.Popen([str(SSD), "plan", str(TOY)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_status_of_nothing_says_how_to_start(tmp_path: Path) -> None:
    """Asked about an experiment that never ran, `ssd status` names the command that runs it."""
    done = ssd("status", str(TOY), "--workdir", str(tmp_path))
    assert done.returncode == 64
    assert "ssd run" in done.stderr


def test_a_directory_without_experiments_says_so(tmp_path: Path) -> None:
    """An empty directory is no experiment, and neither is a name that is not in one."""
    for command in ("status", "report", "regrade"):
        done = ssd(command, str(tmp_path))
        assert done.returncode == 64
        assert "no experiment was run here" in done.stderr


def test_a_directory_with_several_experiments_asks_which(tmp_path: Path) -> None:
    """Several experiments share a directory; one of them has to be named."""
    for name in ("one", "two"):
        kept = tmp_path / ".ssd" / name / "selfdistill.yaml"
        kept.parent.mkdir(parents=True)
        kept.write_text(TOY.read_text().replace("name: toy", f"name: {name}"))
    done = ssd("report", str(tmp_path))
    assert done.returncode == 64
    assert "one, two" in done.stderr
    assert "one, two" in ssd("report", str(tmp_path), "--name", "three").stderr
    assert "two has no report yet" in ssd("report", str(tmp_path), "--name", "two").stderr


def test_manifests_are_what_the_operator_would_make() -> None:
    """`ssd manifests` prints a Job for every stage that `ssd plan` lists."""
    done = ssd("manifests", str(TOY))
    assert done.returncode == 0, done.stderr
    stages = json.loads(ssd("plan", str(TOY), "--output", "json").stdout)
    assert done.stdout.count("\nkind: Job\n") == len(stages) > 1


def test_the_claim_that_is_made_is_the_one_that_is_mounted(tmp_path: Path) -> None:
    """A template's claim has one name: in its own manifest and in every pod's."""
    (tmp_path / "x.yaml").write_text(TOY.read_text().replace("{claimName: experiments}", "{template: {size: 1Gi}}"))
    objects = [each for each in yaml.safe_load_all(ssd("manifests", "x.yaml", cwd=tmp_path).stdout) if each]
    [claim] = [each["metadata"]["name"] for each in objects if each["kind"] == "PersistentVolumeClaim"]
    volumes = [each["spec"]["template"]["spec"]["volumes"] for each in objects if each["kind"] == "Job"]
    mounted = {
        each["persistentVolumeClaim"]["claimName"] for pod in volumes for each in pod if "persistentVolumeClaim" in each
    }
    assert mounted == {claim}


def test_programs_read_the_presets() -> None:
    """`-o json` has each preset with its digest and its whole spec; a named one is the only one."""
    told = json.loads(ssd("presets", "-o", "json").stdout)
    assert {each["name"] for each in told} == set(presets.names())
    assert json.loads(ssd("presets", "machine", "-o", "json").stdout) == [
        each for each in told if each["name"] == "machine"
    ]


def test_a_shell_completes_commands() -> None:
    """bash, asking as the script of --show-completion does, is offered the commands that begin so."""
    asked = {"_SSD_COMPLETE": "complete_bash", "COMP_WORDS": "ssd re", "COMP_CWORD": "1"}
    done = subprocess.run([SSD], env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert sorted(done.stdout.split()) == ["regrade", "report"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["re"], ["rerun", "resume"]),
        (["status", "--names"], ["--namespace"]),
        (["rerun", "toy", "--kube"], ["--kubeconfig"]),
        (["nothing"], []),
    ],
)
def test_kubectl_completes_the_plugin(typed: list[str], offered: list[str]) -> None:
    """kubectl asks a helper with the words typed so far, and reads that no files are to be offered beside."""
    code = "import sys; from ssd_operator.cli.kubectl import complete; sys.argv[1:] = sys.argv[2:]; complete()"
    done = subprocess.run([sys.executable, "-c", code, "", *typed], capture_output=True, text=True, check=False)
    assert done.stdout.split() == [*offered, ":4"]
