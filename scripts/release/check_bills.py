"""Say where a bill of materials breaks the rules of CycloneDX; run by the environment of requirements/release.txt."""

import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

validator = JsonStrictValidator(SchemaVersion.V1_6)
for name in sys.argv[1:]:
    trouble = validator.validate_str(Path(name).read_text(encoding="utf-8"))
    if trouble is not None:
        sys.exit(f"{name}: {str(trouble)[:500]}")
