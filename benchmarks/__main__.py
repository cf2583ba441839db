"""`python -m benchmarks [NAME …] [--quick] [--list]`: measure, and write results.md and results.json."""

import argparse
import json
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from benchmarks import machine, results
from benchmarks.picture import draw
from benchmarks.registry import Benchmark, Measured, Settings, load


def main(arguments: list[str]) -> int:
    """Run the benchmarks asked for; the exit status is 0 whether goals are met or not, 1 where one could not be run."""
    known = load()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a benchmark, or a group of them; all by default")
    parser.add_argument(
        "--quick", action="store_true", help="a few tiny pictures, to see that all works; keeps nothing"
    )
    parser.add_argument("--pairs", type=int, help="how many pairs to measure, instead of each benchmark's own number")
    parser.add_argument("--list", action="store_true", help="name them and end")
    asked = parser.parse_args(arguments)
    if asked.list:
        for b in known.values():
            print(f"{b.name:24} {b.goal_words:10} {b.what}, against {b.against or 'the clock'} (group {b.group})")
        return 0
    groups = _groups(known, asked.names)
    if groups is None:
        print(f"Unknown benchmark in {asked.names}. Known: {', '.join(known)}.", file=sys.stderr)
        return 2
    failed = False
    for group, members in groups.items():
        print(f"{group} …", flush=True)
        try:
            made = _measure(members, asked.quick, asked.pairs)
        except Exception:  # noqa: BLE001 -- the others can still be measured
            traceback.print_exc()
            failed = True
            continue
        for row in made.values():
            print(
                f"  {row['name']}: ours {results.amount(row['ours'], row['unit'])}, "
                f"theirs {results.amount(row['theirs'], row['unit'])}, {results.ratio(row)}, "
                f"goal {row['goal_words']}: {'met' if row['met'] else 'MISSED'}",
                flush=True,
            )
            if row.get("more"):
                print(f"    {json.dumps(row['more'])[:400]}", flush=True)
        if not asked.quick:
            draw(results.merge(made, known))
    return int(failed)


def _groups(known: dict[str, Benchmark], names: list[str]) -> dict[str, list[Benchmark]] | None:
    """The benchmarks asked for, by group; None where a name is unknown."""
    if any(name not in {x for b in known.values() for x in (b.name, b.group)} for name in names):
        return None
    wanted: dict[str, list[Benchmark]] = {}
    for b in known.values():
        if not names or {b.name, b.group} & set(names):
            wanted.setdefault(b.group, []).append(b)
    return wanted


def _measure(members: list[Benchmark], quick: bool, pairs: int | None) -> dict[str, dict[str, Any]]:
    """Rows of one group's benchmarks, which share one measurement."""
    before = machine.load()
    with tempfile.TemporaryDirectory(prefix="thaw-bench-") as home:
        found = members[0].measure(Settings(Path(home), quick, pairs))
    by_name: dict[str, Measured] = found if isinstance(found, dict) else {members[0].name: found}
    about = {"machine": machine.machine(), "load": [before, machine.load()], "code": machine.state()}
    return {b.name: {**b.row(by_name[b.name]), **about} for b in members if b.name in by_name}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
