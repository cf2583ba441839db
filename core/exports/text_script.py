"""The standalone `train.py` of a run on texts: TensorFlow, Keras and KerasHub only.

`core/exports/train_text.py.txt` is the script with gaps; how texts are read, and what learns, is chosen here.
"""

import textwrap
from pathlib import Path
from string import Template
from typing import Any

from core.config import RunConfig
from core.data import columns, encodings, table
from core.data.texts import table_of
from core.errors import DataError
from core.exports.script_parts import common, filled, fine_tuned, keeping
from core.models import own_encoder
from core.record import Run

_FILES = '''
    """The text of each file."""
    return [decoded((folder / path).read_bytes()) for path in paths]


def decoded(data):
    """UTF-8, UTF-16 with its mark, or Windows-1252."""
    if data[:2] in (b"\\xff\\xfe", b"\\xfe\\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    return data.decode("latin-1")
'''.strip("\n")
_CSV = '''
    """The text of each row; `table.csv#12` is the row that a spreadsheet numbers 12."""
    csv.field_size_limit(1 << 30)
    with open(folder / {name!r}, encoding={encoding!r}, errors="replace", newline="") as file:
        rows = list(csv.reader({lines}, delimiter={delimiter!r}))
    return [rows[int(path.rpartition("#")[2]) - 1][{column}] for path in paths]
'''.strip("\n")
_PAIRED = '''


UNPAIRED = """
{unpaired}
""".split()  # lines of the table, counted from 0, on which a quotation mark has no pair


def paired(lines):
    """The lines of a table in which such quotation marks are parts of their texts."""
    lines = list(lines)
    for n in map(int, UNPAIRED):
        fields = lines[n].rstrip("\\r\\n").split({delimiter!r})
        lines[n] = {delimiter!r}.join('"' + field.replace('"', '""') + '"' for field in fields) + "\\n"
    return lines
'''.rstrip("\n")
_LINES = '''
    """The text of each object; `table.jsonl#12` is the one on line 12."""
    with open(folder / {name!r}, encoding={encoding!r}, errors="replace", newline="") as file:
        lines = file.read().split("\\n")
    found = [json.loads(lines[int(path.rpartition("#")[2]) - 1])[{column!r}] for path in paths]
    return [value if isinstance(value, str) else json.dumps(value) for value in found]
'''.strip("\n")
_ARRAY = '''
    """The text of each object; `table.json#12` is the twelfth."""
    rows = json.loads((folder / {name!r}).read_text(encoding={encoding!r}, errors="replace"))
    found = [rows[int(path.rpartition("#")[2]) - 1][{column!r}] for path in paths]
    return [value if isinstance(value, str) else json.dumps(value) for value in found]
'''.strip("\n")
_OTHERS = "Files in another encoding than UTF-8, Windows-1252 or UTF-16 with its mark are not told from these."
_WITH_CSV = "import csv\nimport json"
_THAW = """
    # Phase 2. $what; layers that stay frozen drop nothing out.
    base.trainable = True
    for layer in base.layers:
        for part in layer._flatten_layers():  # one by one: to set what a layer has already changes none of its parts
            part.trainable = layer.name in THAWED
            for name in set() if part.trainable else {"rate", "drop_path_rate"} & set(vars(part)):
                setattr(part, name, 0.0)
$lora
$before
    fit(model, learned, judged, weights, done, *PHASE_2)
    second = accuracy(model, *judged)
    print(f"held-out accuracy after phase 2: {second:.4f}")
$after
""".strip("\n")
_LORA = """
    beside = [p for layer in base.layers if layer.trainable for p in layer._flatten_layers() if p.name in PROJECTIONS]
    for place, part in enumerate(beside):  # two small matrices learn beside each kernel, and nothing else
        part.enable_lora(LORA_RANK, a_initializer=keras.initializers.HeUniform(SEED + place))
    learning = {id(matrix) for part in beside for matrix in (part.lora_kernel_a, part.lora_kernel_b)}
    for weight in base.weights:
        weight.trainable = id(weight) in learning
""".strip("\n")


def script(run: Run, config: RunConfig, dataset: dict[str, Any]) -> str:
    """The script of a run on texts.

    Raises:
        RunError: the layers of its encoder are not known, and some of them learn.
        DataError: its table is no longer there.
    """
    texts, modules = _texts(config, dataset)
    learning = fine_tuned(config, own_encoder.structure_of(config))
    thawed, phase_2 = _phase_2(run, config, learning) if learning else ("", "    kept = first")
    own = [] if texts != _FILES else [_OTHERS]
    gaps = {
        **common(run, config, str(dataset["root"]), own, learning),
        "modules": modules,
        "texts": texts,
        "thawed": thawed,
        "phase_2": phase_2,
    }
    return filled("train_text.py.txt", gaps)


def _phase_2(run: Run, config: RunConfig, names: list[str]) -> tuple[str, str]:
    """Constants that name what learns in phase 2, and the phase itself."""
    listed = textwrap.fill(" ".join(names), 116)
    constants = f'THAWED = """\n{listed}\n""".split()  # {config.unfreeze}'
    what, lora = "Thaw the chosen layers and go on in small steps", ""
    if config.lora_rank:
        constants += f'\nLORA_RANK = {config.lora_rank}\nPROJECTIONS = ("query", "value", "query_dense", "value_dense")'
        what, lora = "LoRA learns beside the attention of the chosen layers", _LORA
    before, after = keeping(run)
    gaps = {"what": what, "lora": lora, "before": before, "after": after}
    return constants, Template(_THAW).substitute(gaps)


def _texts(config: RunConfig, dataset: dict[str, Any]) -> tuple[str, str]:
    """The body of the function that reads the texts, and the modules for it."""
    name = table_of(str(dataset["files"][0]["path"]))
    if not name:
        return _FILES, "import json"
    path = Path(str(dataset["root"])) / name
    wanted = (config.text_column, config.label_column, config.split_column)
    found = table.read(path, tuple(filter(None, wanted)))
    column = columns.find(found, *wanted).text
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"The table {str(path)!r} cannot be read: {error.strerror}.") from None
    encoding = encodings.encoding(data)
    if found.delimiter:
        gaps = {"name": name, "encoding": encoding, "delimiter": found.delimiter, "column": column}
        if not found.unpaired:
            return _CSV.format(lines="file", **gaps), _WITH_CSV
        mended = _PAIRED.format(
            unpaired=textwrap.fill(" ".join(map(str, found.unpaired)), 116), delimiter=found.delimiter
        )
        return _CSV.format(lines="paired(file)", **gaps) + mended, _WITH_CSV
    array = encodings.decode(data).lstrip("\ufeff \t\r\n").startswith("[")
    return (_ARRAY if array else _LINES).format(
        name=name, encoding=encoding, column=found.columns[column]
    ), "import json"
