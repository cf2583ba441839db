"""Thaw from a shell: `python -m core COMMAND …`. The exit status is 2 for a user's mistake, with one sentence."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from core import commands, environment
from core.any_text import AS_BYTES
from core.errors import ThawError
from core.run_list import run_at


class _Parser(argparse.ArgumentParser):
    """argparse, with one clear sentence for a mistake in place of the usage text."""

    def error(self, message: str) -> NoReturn:
        """End with exit status 2 and a sentence."""
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help.\n")


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The arguments of every command, by its name."""
    made: dict[str, argparse.ArgumentParser] = {}

    def command(name: str, text: str, *, run: bool = False, json: bool = False) -> argparse.ArgumentParser:
        made[name] = sub = _Parser(prog=f"python -m core {name}", description=text)
        if run:
            sub.add_argument("run", metavar="RUN", help="a run's folder, or its id within THAW_RUNS")
        if json:
            sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        return sub

    command("scan", "Say what a data folder holds, and what is wrong with it.", json=True).add_argument(
        "data", metavar="DATA"
    )
    _add_train(command("train", "Train in two phases, and follow it.", json=True))
    command("resume", "Take an interrupted run to its end.", run=True, json=True)
    command("stop", "Ask a run to stop; its best model is kept.", run=True)
    command("runs", "List all runs, newest first.", json=True).add_argument("--runs", type=Path, metavar="DIR")
    _add_predict(command("predict", "Answer for pictures or texts.", run=True, json=True))
    command("evaluate", "Score a run's model on another labelled folder.", run=True, json=True).add_argument(
        "data", metavar="DATA"
    )
    sub = command("export", "Write a run in a format that other programs read.", run=True)
    sub.add_argument("--format", required=True, metavar="F", help="an unknown one lists the known ones")
    sub.add_argument("--out", type=Path, metavar="PATH", help="by default in this folder, named after the run")
    _add_serve(command("serve", "Answer predictions over HTTP on this machine.", run=True))
    return made


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command and its arguments. Options may stand between files, which argparse's own subcommands refuse."""
    made = parsers()
    listing = "\n".join(f"  {name:<9} {sub.description}" for name, sub in made.items())
    top = _Parser(
        prog="python -m core",
        description="Transfer learning in two phases.",
        epilog=f"commands:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("command", metavar="COMMAND", choices=list(made))
    words = list(sys.argv[1:] if argv is None else argv)
    name = top.parse_args(words[:1]).command
    return made[name].parse_intermixed_args(words[1:], argparse.Namespace(do=getattr(commands, name)))


def _add_train(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--data", metavar="DATA", help="folder of labelled examples")
    sub.add_argument("--backbone", metavar="B", help="pretrained network, by default EfficientNetLite0")
    sub.add_argument("--weights", metavar="W", help="pretrained, random, or a weights file")
    sub.add_argument("--image-size", metavar="N", help="pixels a side, 0 for the backbone's default")
    sub.add_argument("--unfreeze", metavar="U", help="none, all, blocks:N, layers:N, or names:a,b,c")
    sub.add_argument("--epochs1", metavar="N", help="passes of phase 1")
    sub.add_argument("--epochs2", metavar="N", help="passes of phase 2, 0 for none")
    sub.add_argument("--preset", metavar="P", help="recommended (default), quick, tutorial or medical")
    sub.add_argument(
        "--config",
        metavar="FILE",
        help="a settings file; what is given beside it overrides it, a preset in all that the preset sets",
    )
    sub.add_argument(
        "--set", metavar="KEY=VALUE", nargs="+", action="extend", default=[], help="any setting, by its dotted name"
    )
    sub.add_argument("--runs", type=Path, metavar="DIR", help="where runs are kept, by default THAW_RUNS")


def _add_predict(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("files", metavar="FILE", nargs="*")
    sub.add_argument("--text", metavar="TEXT", nargs="+", action="extend", default=[])
    sub.add_argument("--top", type=_count, default=3, metavar="K", help="classes to print for each, by default 3")


def _add_serve(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--port", type=_port, default=0, metavar="P", help="by default a free one")
    sub.add_argument("--idle", type=float, default=0.0, metavar="SECONDS", help="end after that long without a request")
    sub.add_argument("--state", type=Path, help=argparse.SUPPRESS)  # where the app looks for the address and token


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 1 up, received {text!r}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 65535, received {text!r}")
    return int(text)


def _runs_of(args: argparse.Namespace) -> Path | None:
    """The folder of runs that the command names: `--runs`, or the one that RUN lies in, where it is a folder."""
    found = run_at(args.run) if "run" in args else None
    return found.path.parent if found else getattr(args, "runs", None)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # that there is no GPU is an error to TensorFlow, not here
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=AS_BYTES)  # file names that are not UTF-8 print as they are
    args = parse(argv)
    try:
        with environment.runs_in(_runs_of(args)):
            return args.do(args)
    except ThawError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left, and so do we
        return 0
    except OSError as error:
        print(f"That did not work: {error}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
