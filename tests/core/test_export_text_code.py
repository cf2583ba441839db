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
    assert read_by_the_script(run) == text_scan.contents(text_scan.manifest(run.config()), run.config())


def read_by_the_script(run):
    """What the script's own functions read."""
    wanted = {"texts", "decoded", "paired", "UNPAIRED"}
    parts = [x for x in ast.parse(script(run)).body if wanted & {getattr(x, "name", ""), *map(_id, _targets(x))}]
    room = {"csv": csv, "json": json}
    exec(compile(ast.Module(parts, []), "train.py", "exec"), room)
    return room["texts"](Path(run.dataset()["root"]), [file["path"] for file in run.dataset()["files"]])


def _targets(node):
    return getattr(node, "targets", [])


def _id(target):
    return getattr(target, "id", "")


@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_the_script_takes_quotation_marks_without_a_pair_for_text_as_the_run_does(delimiter, tmp_path):
    kinds = ("film {}", '"Oh film {}', "fine film {}", '"film {}\nof two lines"')
    rows = [kinds[n % 4].format(n) for n in range(16)]
    lines = [f"{text}{delimiter}{'ab'[n // 2 % 2]}" for n, text in enumerate(rows)]
    (tmp_path / "x.csv").write_text("\n".join([f"text{delimiter}label", *lines]))
    run = run_on(tmp_path / "x.csv")
    expected = [text[1:-1] if text.endswith('"') else text for text in rows]
    assert read_by_the_script(run) == expected
    assert max(map(len, script(run).splitlines())) <= 200


@pytest.mark.parametrize("kind", ["gb18030", "cp1251", "cp932"])
def test_the_script_reads_a_table_in_its_encoding(kind, tmp_path):
    text = {"gb18030": "这部电影很好看", "cp1251": "Отличный фильм", "cp932": "とても良い映画でした"}[kind]
    lines = [f"{text} {n},{'ab'[n % 2]}" for n in range(8)]
    (tmp_path / "x.csv").write_bytes("\n".join(["text,label", *lines]).encode(kind))
    assert read_by_the_script(run_on(tmp_path / "x.csv")) == [f"{text} {n}" for n in range(8)]


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
    "none of its blocks thawed": {"unfreeze": "blocks:0", "lora_rank": 4},
    "LoRA": {"lora_rank": 4, "unfreeze": "blocks:3"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_script_is_short_valid_python_that_has_only_what_it_needs(name, tmp_path):
    text = script(run_on(written(tmp_path, "csv"), **SETTINGS[name]))
    ast.parse(text)
    assert len(text.splitlines()) < 200
    assert max(len(line) for line in text.splitlines() if not line.startswith(("RUN = ", "DATA = "))) <= 120
    assert ("Phase 2" in text) == ("thawed" not in name)
    assert ("if second < first" in text) == ("thawed" not in name)
    assert ("enable_lora" in text) == (name == "LoRA")


@pytest.mark.parametrize("name", ["all of everything", "LoRA"])
def test_the_phase_that_people_chose_is_kept(name, tmp_path):
    run = run_on(written(tmp_path, "csv"), **SETTINGS[name])
    assert script(run).count("frozen = ") == 1
    for phase, line in ((1, "    kept = first "), (2, "    kept = second ")):
        run.write_notes(kept=phase)
        text = script(run)
        ast.parse(text)
        assert "if second < first" not in text
        assert line.strip() in text
        assert ("model.set_weights(frozen)" in text) == ("frozen = " in text) == (phase == 1)


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
