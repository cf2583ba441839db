"""What each shell command does. Each takes parsed arguments, prints its answer, and returns the exit status.

TensorFlow is imported only by the commands that need it, when they run.
"""

import argparse
import contextlib
import os
import sys
from typing import Any

from core import record, run_list
from core.any_text import on_one_line
from core.config import RunConfig
from core.errors import ConfigError
from core.follow import clock, closing_words, follow, outcome
from core.quiet_import import import_quietly
from core.record import Run
from core.run_list import find_run
from core.strict_json import strict_json


def scan(args: argparse.Namespace) -> int:
    """Look through a data folder and say what is there."""
    from core import tasks

    scanned = tasks.task(tasks.detect(args.data)).scan(RunConfig(data=str(args.data)))
    found = scanned.to_json()
    if args.json:
        return _print_json(found)
    print(f"{found['total']} usable files, {found['layout'].replace('_', ' ')}: {_counts(found['splits'])}")
    for row in found["classes"]:
        _line(f"  {row['name']}: {row['count']}")
    for problem in found["problems"]:
        _line(f"  {problem['kind']}: {problem['path']}: {problem['message']}")
    for note in scanned.notes:
        _line(note)
    return 0


def train(args: argparse.Namespace) -> int:
    """Create a run, and follow it to its end."""
    from core import launcher
    from core.train_settings import refuse_early, settings_from

    settings = settings_from(args)
    refuse_early(settings)
    return _follow(launcher.start(settings), args.json)


def resume(args: argparse.Namespace) -> int:
    """Take an interrupted or stopped run further, and follow it to its end."""
    from core import launcher

    run = find_run(args.run)
    launcher.resume(run)
    return _follow(run, args.json)


def stop(args: argparse.Namespace) -> int:
    """Ask a run to stop. One that has ended is left as it is."""
    from core import launcher

    run = find_run(args.run)
    state = run.state()
    if state in record.ENDED:
        print(f"The run {run.id} has already ended: it is {state}.")
        return 0
    launcher.stop(run)
    print(f"Asked {run.id} to stop. It keeps its best model.")
    return 0


def runs(args: argparse.Namespace) -> int:
    """List all runs, newest first."""
    rows = [run_list.summary(run) for run in run_list.list_runs()]
    if args.json:
        return _print_json(rows)
    if not rows:
        print("There are no runs yet.")
    for row in rows:
        accuracy = "–" if row["val_accuracy"] is None else f"{100 * row['val_accuracy']:.1f} %"
        seconds = "–" if row["seconds_total"] is None else clock(row["seconds_total"])
        about = row.get("error") or f"{row['backbone']}  {row['name']}"
        _line(f"{row['run_id']}  {row['state']:<11}  {accuracy:>7}  {seconds:>12}  {about}")
    return 0


def predict(args: argparse.Namespace) -> int:
    """Answer for files and texts with the kept model of a run."""
    run = find_run(args.run)
    if not args.files and not args.text:
        raise ConfigError("predict needs at least one FILE, or --text TEXT. Received neither.")
    with _quiet_output():
        import_quietly("tensorflow")
        from core.predict import Predictor

        predictor = Predictor(run)
        rows = predictor.predict_files(args.files) + predictor.predict_texts(args.text)
    if args.json:
        return _print_json(rows)
    for row in rows:
        source = row.get("path", row.get("text"))
        _line(f"{source}: {row['error']}" if row["error"] else f"{source}: {_answer(row, args.top)}")
    return 0


def evaluate(args: argparse.Namespace) -> int:
    """Score the kept model of a run on another labelled folder."""
    run = find_run(args.run)
    with _quiet_output():
        import_quietly("tensorflow")
        from core.evaluate import evaluate as score

        result = score(run, args.data)
    if args.json:
        return _print_json(result)
    low, high = (100 * end for end in result["accuracy_interval"])
    print(f"{result['n']} examples: accuracy {100 * result['accuracy']:.1f} % (95 % interval {low:.1f} to {high:.1f})")
    print(f"balanced accuracy {100 * result['balanced_accuracy']:.1f} %, loss {result['loss']:.4f}")
    for row in result["per_class"]:
        _line(f"  {row['class']}: precision {row['precision']:.3f}, recall {row['recall']:.3f}, n {row['support']}")
    if result["own"]:
        print("These are the data that the run was trained on: no test.")
    elif result["against"]:
        _line(result["against"]["verdict"])
    return 0


def export(args: argparse.Namespace) -> int:
    """Write a run in a format that other programs read; print where."""
    run = find_run(args.run)
    with _quiet_output():
        from core.exporters import export as write

        path = write(run, args.format, args.out)
    print(path)
    return 0


def serve(args: argparse.Namespace) -> int:
    """Answer predictions over HTTP until Ctrl-C."""
    run = find_run(args.run)
    from core.serve import serve as answer

    status = answer(run, port=args.port, idle=args.idle, state=args.state)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # a thread that still loads a model inside TensorFlow would hang or abort an orderly exit


def _follow(run: Run, as_json: bool) -> int:
    from core import launcher

    status = follow(run, launcher.stop)
    print(closing_words(run, status), file=sys.stderr)
    if as_json:
        _print_json(outcome(run, status))
    else:
        print(run.path)
    return 0 if status["state"] in (record.DONE, record.STOPPED) else 1


def _answer(row: dict[str, Any], top: int) -> str:
    """The label, and the probabilities of the `top` most probable classes."""
    ranked = sorted(row["probabilities"].items(), key=lambda pair: -pair[1])[:top]
    shares = ", ".join(f"{name} {100 * p:.1f} %" for name, p in ranked)
    return f"{'none of these' if row['label'] is None else row['label']} ({shares})"


def _counts(splits: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in splits.items() if n) or "not split yet"


def _line(text: str) -> None:
    """Print a line with names from data in it."""
    print(on_one_line(text))


def _quiet_output() -> contextlib.AbstractContextManager[Any]:
    """What libraries print goes to standard error: standard output holds the answer and nothing else."""
    return contextlib.redirect_stdout(sys.stderr)


def _print_json(data: Any) -> int:
    print(strict_json(data, indent=1))
    return 0
