"""What a run has to tell, gathered once for report and model card."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core import decision, tasks
from core.config import RunConfig
from core.data import patients, roots
from core.errors import RunError
from core.evaluation import cases, corrected_after, insight, learned_too
from core.evaluation.cases import Cases
from core.evaluation.verdict import on
from core.exports.wording import interval, percent
from core.record import Run
from core.tasks import Exhibit, Task


@dataclass(frozen=True)
class Story:
    """A run with figures."""

    run: Run
    config: RunConfig
    versions: dict[str, str]
    dataset: dict[str, Any]
    figures: dict[int, dict[str, Any]]  # by phase
    kept: int  # the phase whose model is the run's
    status: dict[str, Any]
    bound: bool = False  # whether of its data only what the app may read is shown

    def place(self, path: str) -> str | Path:
        """Where an example lies.

        Raises:
            DataError: the story is bound to the allowed roots, and it is not there or outside them.
        """
        place = f"{self.dataset['root']}/{path}"
        return roots.check(place) if self.bound else place

    @property
    def best(self) -> dict[str, Any]:
        """Figures of the kept model on the held-out examples."""
        return self.figures[self.kept]

    @property
    def headline(self) -> dict[str, Any]:
        """Figures on the test split where there is one, else on the held-out one."""
        return self.judged(self.best)

    def judged(self, found: dict[str, Any]) -> dict[str, Any]:
        """Of a phase's figures, those on the split that the headline is of."""
        return found.get("test") or found

    @property
    def judged_on(self) -> str:
        """`held-out pictures`, or `test pictures`."""
        return f"{'test' if self.best.get('test') else 'held-out'} {self.noun}"

    @property
    def task(self) -> Task:
        """Its modality."""
        return tasks.task(str(self.dataset["task"]))

    @property
    def noun(self) -> str:
        """What an example is called, in the plural."""
        return self.task.NOUN

    @property
    def classes(self) -> list[str]:
        """The names, in order."""
        return [str(name) for name in self.dataset["classes"]]

    @cached_property
    def cases(self) -> Cases | None:
        """The held-out examples with their probabilities."""
        try:
            return cases.read(self.run)
        except (RunError, OSError, ValueError):
            return None

    @cached_property
    def examples(self) -> Exhibit:
        """Its examples, as they are shown."""
        return self.task.shown(self)

    @cached_property
    def corrections(self) -> dict[str, Any] | None:
        """What this run's corrections brought."""
        found = insight.read(self.run)
        return found.corrections if found else None

    @property
    def _chose(self) -> str:
        """What the held-out examples chose."""
        return "epoch and model" if 2 in self.figures else "the epoch"

    def caveat(self) -> str:
        """How far the headline can be trusted."""
        is_test = bool(self.best.get("test"))
        split = "test" if is_test else "validation"
        copies = learned_too.in_words(learned_too.learned_too(self.dataset, split))
        touched = corrected_after.corrected_after(self.run, self.corrections, split)
        corrected = corrected_after.in_words(touched, self.judged_on)
        if is_test:
            alone = "took no part in training." if corrected else "were used for nothing but these figures."
            return " ".join(filter(None, (f"The test {self.noun} {alone}", corrected, copies)))
        kind = (
            f"The held-out {self.noun} were kept from training, but they also chose {self._chose}, so the figures are "
            "a little kind."
        )
        fair = f"Only {self.noun} that the run has never seen are a fair test."
        return " ".join(filter(None, (kind, corrected, copies, fair)))

    def beside(self) -> str:
        """Beside a figure on the test split, the one on held-out examples; nothing where the headline is that one."""
        found = self.best
        if not found.get("test"):
            return ""
        return (
            f"On the {found['n']:,} held-out {self.noun}, which chose {self._chose}, it is right on "
            f"{percent(found['accuracy'])}; likely {interval(found['accuracy_interval'])} (95 %, Wilson)."
        )

    @property
    def verdict(self) -> str:
        """Whether phase 2 was worth it, and on which examples where there is a test split too; empty without one."""
        two = self.figures.get(2, {})
        said, test = two.get("verdict", ""), two.get("test_comparison")
        return f"{on(f'held-out {self.noun}', said)} {on(f'test {self.noun}', test['verdict'])}" if test else said

    @property
    def judging(self) -> np.ndarray:
        """The rows of `cases` that the headline is of, where the kept model has probabilities for them."""
        if self.cases is None or self.kept not in self.cases.probabilities:
            return np.zeros(0, int)
        return self.cases.rows("test" if self.best.get("test") else "validation")

    @property
    def temperature(self) -> float | None:
        """What the kept model's answers are given with, None for none."""
        value = decision.temperature(self.run.notes(), self.config.calibrate, self.best)
        return value if value and value > 0 and value != 1 else None

    def _none_of_them(self) -> str:
        share = decision.least_sure(self.run.notes())
        if not share:
            return "The model always names one of its classes, also for something that is none of them."
        return (
            f"Predictions give no answer below {percent(share)}, but the model can be surer than that of one of its "
            "classes also for something that is none of them."
        )

    def limits(self) -> list[str]:
        """What the reader should not take from the figures."""
        counts = [row["support"] for row in self.headline["per_class"]]
        others = self.task.WORDING.others
        said = [
            self.caveat(),
            f"The figures hold for {self.noun} like these. Others (another {others}) can give other ones, and the "
            "model does not notice.",
            self._none_of_them(),
        ]
        if min(counts) < 30:
            said.append(f"One class was judged on {min(counts)} {self.noun} only, so its figures are rough.")
        if self.config.preset == "medical":
            said += filter(None, [patients.unknown(self.dataset)])
            said.append("This is no medical device. It has not been validated for use on patients.")
        return said


def story(run: Run, bound: bool = False) -> Story:
    """The story of a run; with `bound`, of its data only what the app may read.

    Raises:
        RunError: it has no figures yet.
    """
    found = run.figures()
    dataset = run.dataset()
    if not found or not dataset:
        raise RunError(f"The run {run.name()!r} has no figures to tell of yet: it is {run.state()}.")
    kept = run.kept()
    return Story(
        run,
        run.config(),
        dict(run.settings().get("versions") or {}),
        dataset,
        found,
        kept if kept in found else max(found),
        run.status(),
        bound=bound,
    )
