"""Look the pinned packages up in the database of known vulnerabilities, as far as it can be reached.

Ends with status 1 when there is a finding that ACCEPTED does not explain or pip-audit itself fails, and with 0 offline,
saying so.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ACCEPTED: dict[str, str] = {}  # identifier of a finding -> why it does no harm here
SECONDS = 180  # the most that the look-up may take
# How pip-audit, requests and urllib3 name a database that does not answer.
_OFFLINE = re.compile(
    "ConnectionError|ConnectTimeout|ReadTimeout|timed out|Max retries exceeded|NewConnectionError|Connection refused|"
    "Name or service not known|Temporary failure in name resolution|ProxyError|SSLError|Could not connect|HTTPError"
)


class AuditError(Exception):
    """pip-audit failed for another reason than a database that cannot be reached."""


def look_up(files: list[str]) -> list[dict[str, Any]]:
    """pip-audit's row for each package; empty when the database cannot be reached.

    Raises:
        AuditError: pip-audit failed for another reason.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "audit.json"
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--timeout", "10"]
        command += ["--progress-spinner", "off", "--format", "json", "--output", str(report)]
        command += [part for name in files for part in ("-r", name)]
        try:
            done = subprocess.run(command, timeout=SECONDS, capture_output=True, text=True, check=False)
        except subprocess.TimeoutExpired:
            return []
        text = report.read_text(encoding="utf-8") if report.exists() else ""
        return parsed(text, done.returncode, done.stderr)


def parsed(report: str, status: int, said: str) -> list[dict[str, Any]]:
    """The rows of a report; empty where there is none because the database cannot be reached.

    Args:
        report: the JSON that pip-audit wrote, empty where it wrote none.
        status: its exit status.
        said: its standard error.

    Raises:
        AuditError: there is no report for another reason.
    """
    try:
        return list(json.loads(report)["dependencies"])
    except (ValueError, KeyError, TypeError):
        if _OFFLINE.search(said):
            return []
        last = (said.strip().splitlines() or ["nothing"])[-1]
        raise AuditError(f"pip-audit failed with status {status} and left no report. It said: {last}") from None


def main(files: list[str]) -> int:
    """The exit status for the requirements in `files`."""
    try:
        rows = look_up(files)
    except AuditError as error:
        sys.stdout.write(f"{error}\n")
        return 1
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
