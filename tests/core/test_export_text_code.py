"""The script of a run on texts reads the same texts as the run, whatever they lie in, and says only what it needs."""

import ast
import csv
import json
from pathlib import Path

import pytest
from served_run import make_run

from core.catalog import BACKBONES
from core.config import HeadConfig, PhaseConfig, RunConfig
from core.data import text_scan
from core.errors import DataError
from core.exports.train_script import script
from core.files import write_json

WORDS = ("good", "bad", "dull", "fine")
ROWS = [(f'{word} film, “très” {n}\nreally; "so"', "ab"[n % 2]) for n, word in enumerate(WORDS)]


def written(folder, kind):
    """ROWS in a file, or in files, of a kind."""
    if kind == "txt":
        for n, (text, label) in enumerate(ROWS):
            label = {"a": "C#", "b": "review #2"}[label]
            (folder / label).mkdir(exist_ok=True)
            encoded = (text.encode("utf-8-sig"), text.encode("cp1252"), text.encode("utf-16"), text.encode())[n]
            (folder / label / f"{n}.txt").write_bytes(encoded)
        return folder
    path = folder / f"it's.{kind.partition(' ')[0]}"
    if kind.startswith("json"):
        objects = [{"n": n, "body": text, "label": label} for n, (text, label) in enumerate(ROWS)]
        lines = "\r\n\n".join(map(json.dumps, objects))
        path.write_text(json.dumps(objects) if kind == "json" else lines, encoding="utf-8", newline="")
        return path
    encoding, delimiter = {"csv": ("utf-8-sig", ","), "csv old": ("cp1252", ";"), "tsv": ("utf-16", "\t")}[kind]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([("label", "text"), *((b, a) for a, b in ROWS)])
    return path


def run_on(data, **settings):
    """A run on a data set of texts, without training."""
    config = RunConfig(data=str(data), task="text", backbone="MiniLM", unfreeze="blocks:1").replace(**settings)
    run = make_run(("a", "b"), phases=())
    write_json(run.config_file, {**config.to_json(), "versions": {}, "created": 0})
    write_json(run.dataset_file, text_scan.manifest(config).to_json())
    return run


@pytest.mark.parametrize("kind", ["csv", "csv old", "tsv", "json", "jsonl", "txt"])
def test_the_script_reads_the_runs_own_texts(kind, tmp_path):
    run = run_on(written(tmp_path, kind))
    names = {"texts", "decoded"}
    parts = [x for x in ast.parse(script(run)).body if isinstance(x, ast.FunctionDef) and x.name in names]
    room = {"csv": csv, "json": json}
    exec(compile(ast.Module(parts, []), "train.py", "exec"), room)
    manifest = text_scan.manifest(run.config())
    paths = [file["path"] for file in run.dataset()["files"]]
    assert room["texts"](Path(manifest.root), paths) == text_scan.contents(manifest, run.config())


SETTINGS = {
    "all of everything": {
        "unfreeze": "all",
        "class_weights": True,
        "mixed_precision": True,
        "cache": False,
        "head": HeadConfig("cls", 64, 0.5),
        "phase1": PhaseConfig(optimizer="sgd", schedule="cosine"),
        "phase2": PhaseConfig(optimizer="adamw", weight_decay=0.01, schedule="linear"),
    },
    "nothing thawed": {"unfreeze": "none"},
    "LoRA": {"lora_rank": 4, "unfreeze": "blocks:3"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_script_is_short_valid_python_that_has_only_what_it_needs(name, tmp_path):
    text = script(run_on(written(tmp_path, "csv"), **SETTINGS[name]))
    ast.parse(text)
    assert len(text.splitlines()) < 200
    assert max(len(line) for line in text.splitlines() if not line.startswith(("RUN = ", "DATA = "))) <= 120
    assert ("Phase 2" in text) == (name != "nothing thawed")
    assert ("enable_lora" in text) == (name == "LoRA")


@pytest.mark.parametrize("key", [key for key, row in BACKBONES.items() if row.task == "text"])
def test_every_encoder_has_a_script_that_names_what_thaws(key, tmp_path):
    text = script(run_on(written(tmp_path, "csv"), backbone=key))
    ast.parse(text)
    last = BACKBONES[key].encoder.layers - 1
    assert f"transformer_layer_{last}" in text
    assert f"transformer_layer_{last - 1}" not in text


def test_a_table_that_is_gone_is_told(tmp_path):
    table = written(tmp_path, "csv")
    run = run_on(table)
    table.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        script(run)
