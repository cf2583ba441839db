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
from core.exports.script_parts import common, filled, fine_tuned, keeping, kept_layers
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
    for n in map(int, UNPAIRED):
        quoted = lines[n].rstrip("\\r\\n").replace('"', '""').replace({delimiter!r}, {between!r})
        lines[n] = f'"{{quoted}}"\\n'
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
$rounding
    fit($learner, learned, judged, weights, done, *PHASE_2)
    second = accuracy(model, *judged)
    print(f"held-out accuracy after phase 2: {second:.4f}")
$after
""".strip("\n")
_ROUNDED = """
    # The run stored in half precision what the first layers say. Without the same rounding, learning goes elsewhere.
    said = keras.Model(base.inputs, base.layers[STORED - 1].output)(outer)
    said = keras.ops.cast(keras.ops.saturate_cast(said, "float16"), "float32")
    for layer in [x for x in base.layers[STORED:] if x.name != "padding_mask"]:  # an input, for the transformers
        said = layer(said, **{"padding_mask": outer[1]} if layer.name.startswith("transformer") else {})
""".strip("\n")
_LEARNER = "keras.Model(outer, head(pooling([said, outer[1]])))"
_LORA = """
    beside = [p for layer in base.layers if layer.trainable for p in layer._flatten_layers() if p.name in PROJECTIONS]
    for place, part in enumerate(beside):  # two small matrices learn beside each kernel, and nothing else
        part.enable_lora(LORA_RANK, a_initializer=keras.initializers.HeUniform(SEED + place))
    for weight in base.weights:
        weight.trainable = weight.name.startswith("lora_kernel")
""".strip("\n")


def script(run: Run, config: RunConfig, dataset: dict[str, Any]) -> str:
    """The script of a run on texts.

    Raises:
        RunError: the layers of its encoder are not known, and some of them learn.
        DataError: its table is no longer there.
    """
    texts, modules = _texts(config, dataset)
    structure = own_encoder.structure_of(config)
    learning = fine_tuned(config, structure)
    stored = kept_layers(run, config, structure, learning)
    thawed, phase_2 = _phase_2(run, config, learning, stored) if learning else ("", "    kept = first")
    own = [] if texts != _FILES else [_OTHERS]
    gaps = {
        **common(run, config, str(dataset["root"]), own, learning),
        "modules": modules,
        "texts": texts,
        "thawed": thawed,
        "phase_2": phase_2,
    }
    return filled("train_text.py.txt", gaps)


def _phase_2(run: Run, config: RunConfig, names: list[str], stored: int) -> tuple[str, str]:
    """Constants that name what learns in phase 2, and the phase itself."""
    listed = textwrap.fill(" ".join(names), 116)
    constants = f'THAWED = """\n{listed}\n""".split()  # {config.unfreeze}'
    if stored:
        constants += f"\nSTORED = {stored}  # so many of its first layers the run computed once, and stored"
    what, lora = "Thaw the chosen layers and go on in small steps", ""
    if config.lora_rank:
        projections = '("query", "value", "query_dense", "value_dense")'
        constants += f"\nLORA_RANK, PROJECTIONS = {config.lora_rank}, {projections}"
        what, lora = "LoRA learns beside the attention of the chosen layers", _LORA
    before, after = keeping(run)
    rounding, learner = (_ROUNDED, _LEARNER) if stored else ("", "model")
    gaps = {"what": what, "lora": lora, "before": before, "rounding": rounding, "learner": learner, "after": after}
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
            unpaired=textwrap.fill(" ".join(map(str, found.unpaired)), 116),
            delimiter=found.delimiter,
            between=f'"{found.delimiter}"',
        )
        return _CSV.format(lines="paired(list(file))", **gaps) + mended, _WITH_CSV
    array = encodings.decode(data).lstrip("\ufeff \t\r\n").startswith("[")
    return (_ARRAY if array else _LINES).format(
        name=name, encoding=encoding, column=found.columns[column]
    ), "import json"
