"""Watching a run: what goes on moves, and what stays the same is neither drawn again nor pales."""

import json
import threading
import time

import pytest

from core import record, run_list
from core.config import RunConfig

pytestmark = pytest.mark.browser

_MARK = """() => {
  window.paled = 0;
  const live = document.querySelector('.st-key-live');
  live.addEventListener('transitionrun', (event) => { if (event.propertyName === 'opacity') window.paled += 1; });
  live.querySelectorAll('h3, .thaw-plot').forEach((node) => { node.marked = true; });
}"""
_KEPT = "() => [...document.querySelectorAll('.st-key-live :is(h3, .thaw-plot)')].map((node) => node.marked === true)"
_EPOCH = "() => document.querySelectorAll('.thaw-figure b')[1].innerText"
_POINTS = "(more) => document.querySelector('.thaw-plot')?.data?.[0].x.length > more"


def _train(run, over):
    """Five epochs a second."""
    epoch = 0
    while not over.wait(0.2):
        epoch += 1
        values = {"loss": 1 / epoch, "accuracy": 0.5, "val_loss": 1 / epoch, "val_accuracy": 0.5}
        with open(run.events_file, "a", encoding="utf-8") as file:
            file.write(json.dumps({"t": time.time(), "kind": "epoch", "phase": 1, "epoch": epoch, **values}) + "\n")
        run.write_status(
            state=record.RUNNING, phase=1, epoch=epoch, epochs=9999, step=1, steps=2, unit="steps",
            heartbeat=time.time(), message="Phase 1: training",
        )  # fmt: skip


def test_a_look_draws_what_is_new_on_what_is_there(app, page, tmp_path):
    run = run_list.create_run(RunConfig(data=str(tmp_path)), {}, app.runs)
    over = threading.Event()
    worker = threading.Thread(target=_train, args=(run, over))
    with run.lock().acquire():
        worker.start()
        try:
            page.goto(f"{app.address}/train?run={run.id}")
            page.locator(".thaw-plot .nsewdrag").nth(1).wait_for(state="attached")
            page.evaluate(_MARK)
            seen = page.evaluate("() => document.querySelector('.thaw-plot').data[0].x.length")
            epoch = page.locator(".thaw-figure b").nth(1).inner_text()
            page.wait_for_function(
                "(was) => document.querySelectorAll('.thaw-figure b')[1].innerText !== was", arg=epoch
            )
            page.wait_for_function(_POINTS, arg=seen + 20)
            assert page.evaluate(_KEPT) == [True] * 5
            assert page.evaluate("() => window.paled") == 0
            page.get_by_role("button", name="Stop").click()
            asked = time.monotonic() + 60
            while run.request().get("action") != "stop" and time.monotonic() < asked:
                page.wait_for_timeout(100)
            assert run.request()["action"] == "stop"
        finally:
            over.set()
            worker.join()
