"""Look the pinned packages up in the database of known vulnerabilities, as far as it can be reached.

Ends with status 1 when there is a finding that ACCEPTED does not explain, and with 0 offline, saying so.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ACCEPTED: dict[str, str] = {}  # identifier of a finding -> why it does no harm here
SECONDS = 180  # the most that the look-up may take


def look_up(files: list[str]) -> list[dict[str, Any]]:
    """pip-audit's row for each package; empty when the database cannot be reached."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "audit.json"
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--timeout", "10"]
        command += ["--progress-spinner", "off", "--format", "json", "--output", str(report)]
        command += [part for name in files for part in ("-r", name)]
        try:
            subprocess.run(command, timeout=SECONDS, capture_output=True, check=False)
            return json.loads(report.read_text(encoding="utf-8"))["dependencies"]
        except (subprocess.TimeoutExpired, OSError, ValueError):
            return []


def main(files: list[str]) -> int:
    """The exit status for the requirements in `files`."""
    rows = look_up(files)
    looked_up = [row for row in rows if "vulns" in row]
    findings = [(row, vuln) for row in looked_up for vuln in row["vulns"]]
    lines = [f"pip-audit: {len(looked_up)} of {len(rows)} packages looked up, {len(findings)} known vulnerabilities"]
    if not looked_up:
        lines = ["pip-audit: skipped, its database cannot be reached from here"]
    for row, vuln in findings:
        fixed = ", ".join(vuln["fix_versions"]) or "none yet"
        reason = ACCEPTED.get(vuln["id"], "NOT ACCEPTED: update it, or say in .ci/audit.py why it does no harm")
        lines.append(f"  {row['name']} {row['version']}: {vuln['id']} (fixed in {fixed}). {reason}")
    sys.stdout.write("\n".join(lines) + "\n")
    return int(any(vuln["id"] not in ACCEPTED for _, vuln in findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
