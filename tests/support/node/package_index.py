"""How this machine's pip finds packages, as one file that a build can be given.

pip reads several files and variables; a build sees none of them. Its folders have to be mounted as well.
"""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["CERTIFICATES", "as_file", "settings"]

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
KEPT = ("cert", "extra-index-url", "find-links", "index-url", "no-index", "proxy", "retries", "timeout", "trusted-host")
VARIABLES = {"PIP_DEFAULT_TIMEOUT": "timeout", **{f"PIP_{name.upper().replace('-', '_')}": name for name in KEPT}}


def settings(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return pip's settings that say where packages come from; variables win over files, as in pip."""
    parser = configparser.RawConfigParser()
    home = Path.home()
    files = [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", home / ".config" / "pip" / "pip.conf"]
    parser.read([*files, environ.get("PIP_CONFIG_FILE", os.devnull)])
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found |= {name: value for name, value in parser.items(section) if name in KEPT}
    return found | {name: environ[variable] for variable, name in VARIABLES.items() if variable in environ}


def as_file(environ: Mapping[str, str] = os.environ) -> tuple[str, list[str]]:
    """Return the text of a pip.conf for use inside a build, and the folders that it names."""
    values = settings(environ)
    values.pop("cert", None)
    if CERTIFICATES.exists():
        values["cert"] = str(CERTIFICATES)
    folder = values.get("find-links", "")
    folders = [folder] if folder.startswith("/") and Path(folder).is_dir() else []
    if folder.startswith("/") and not folders:
        del values["find-links"]
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()), folders
