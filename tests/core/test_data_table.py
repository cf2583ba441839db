"""Tables as people save them."""

import os

import pytest

from core.data import columns, table, texts
from core.errors import DataError, ThawError

ROWS = [("good film, really", "pos"), ("bad film", "neg"), ('a "fine" one', "pos"), ("two\nlines", "neg")]


def write(path, rows, delimiter=",", encoding="utf-8", header=("text", "label")):
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in ([header] if header else []) + rows]
    path.write_bytes("\r\n".join(delimiter.join(row) for row in quoted).encode(encoding))
    return path


HALF_EMOJI = ('{"text": "fine \\ud83d", "la\\ud83dbel": "good \\udc00"}', '{"text": "bad", "la\\ud83dbel": "bad"}')


@pytest.mark.parametrize("content", ["\n".join(HALF_EMOJI), f"[{', '.join(HALF_EMOJI)}]"])
def test_half_an_emoji_in_json_becomes_a_replacement_sign(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    found = table.read(tmp_path / "x.json")
    assert found.columns == ("text", "la\ufffdbel")
    assert [row for _, row in found.rows] == [["fine \ufffd", "good \ufffd"], ["bad", "bad"]]


def test_a_number_too_long_for_python_breaks_its_line_or_its_array(tmp_path):
    long = '{"text": "a", "label": ' + "9" * 5000 + "}"
    (tmp_path / "x.jsonl").write_text('{"text": "a", "label": "b"}\n' + long)
    assert [n for n, _ in table.read(tmp_path / "x.jsonl").broken] == [2]
    (tmp_path / "x.json").write_text(f"[{long}]")
    with pytest.raises(DataError, match="is not JSON"):
        table.read(tmp_path / "x.json")


def texts_of(found, at):
    return [(row[at.text], row[at.label]) for _, row in found.rows]


@pytest.mark.parametrize("delimiter", table.DELIMITERS)
def test_the_delimiter_is_found_and_quoted_newlines_stay_in_their_row(tmp_path, delimiter):
    found = table.read(write(tmp_path / "x.csv", ROWS, delimiter))
    assert texts_of(found, columns.find(found)) == ROWS
    assert [n for n, _ in found.rows] == [2, 3, 4, 5]  # as a spreadsheet numbers them


@pytest.mark.parametrize("header", [("text", "label"), None])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_commas_in_unquoted_texts_are_not_taken_for_the_delimiter(tmp_path, header, delimiter):
    rows = [(f"film {i}, one of {i + 9}", ("good", "bad")[i % 2]) for i in range(20)]
    (tmp_path / "x.csv").write_text("\n".join(map(delimiter.join, ([header] if header else []) + rows)))
    found = table.read(tmp_path / "x.csv")
    assert texts_of(found, columns.find(found)) == rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_the_usual_encodings_are_read(tmp_path, encoding):
    rows = [("déjà vu à la façade", "été"), ("nothing new", "hiver")] * 3
    found = table.read(write(tmp_path / "x.csv", rows, encoding=encoding))
    assert texts_of(found, columns.find(found)) == rows


LANGUAGES = {
    "gb18030": ("这部电影很好看，演员很好", "好"),
    "big5": ("這部電影很好看，演員很好", "壞"),
    "cp932": ("とても良い映画でした", "良い"),
    "euc_jp": ("つまらない映画だった", "悪い"),
    "cp949": ("정말 좋은 영화였어요", "긍정"),
    "cp1251": ("Отличный фильм и хорошие актёры", "да"),
    "koi8_r": ("Отличный фильм и хорошие актёры", "да"),
    "cp1253": ("Πολύ καλή ταινία", "ναι"),
    "cp1252": ("« Très » bon… “ça” größer, señor, œuvre, smörgåsbord", "été"),
}


@pytest.mark.parametrize("encoding", LANGUAGES)
def test_the_encodings_of_other_scripts_are_told_apart(tmp_path, encoding):
    rows = [(f"{LANGUAGES[encoding][0]} {i}", LANGUAGES[encoding][1]) for i in range(12)]
    found = table.read(write(tmp_path / "x.csv", rows, encoding=encoding))
    assert texts_of(found, columns.find(found, "text", "label")) == rows


@pytest.mark.parametrize("damage", [b"\xff", b"\xe9", "é".encode()[:1]])
def test_one_broken_byte_spoils_one_sign_only(tmp_path, damage):
    rows = [(f"déjà vu {i}", "ab"[i % 2]) for i in range(8)]
    path = write(tmp_path / "x.csv", rows)
    path.write_bytes(path.read_bytes().replace(b"vu 3", b"vu " + damage + b" 3"))
    found = table.read(path)
    assert texts_of(found, columns.find(found)) == [*rows[:3], ("déjà vu \ufffd 3", "b"), *rows[4:]]


def test_a_table_without_a_header_has_numbered_columns(tmp_path):
    rows = [(f"a longer sentence, number {i}", str(i % 2)) for i in range(8)]
    found = table.read(write(tmp_path / "x.tsv", rows, "\t", header=None))
    assert not found.has_header
    assert found.columns == ("1", "2")
    assert texts_of(found, columns.find(found)) == rows


def test_a_header_of_unusual_names_is_recognised(tmp_path):
    rows = [(str(i % 2), f"a longer sentence, number {i}") for i in range(8)]
    found = table.read(write(tmp_path / "x.csv", rows, header=("gut", "satz")))
    at = columns.find(found)
    assert (found.columns[at.text], found.columns[at.label]) == ("satz", "gut")


def test_columns_are_taken_as_chosen(tmp_path):
    rows = [("1", "short", "a much longer sentence", "x", "train"), ("2", "brief", "another long one", "y", "test")]
    found = table.read(write(tmp_path / "x.csv", rows, header=("id", "title", "body", "kind", "part")))
    at = columns.find(found, text="title", label="kind", split="part")
    assert (at.text, at.label, at.split) == (1, 3, 4)
    with pytest.raises(DataError, match=r"'heading'.*title, body"):
        columns.find(found, text="heading")


def test_a_split_column_is_found_by_name_and_by_what_is_in_it(tmp_path):
    rows = [("one text", "a", "train"), ("other text", "b", "dev")] * 2
    assert columns.find(table.read(write(tmp_path / "x.csv", rows, header=("text", "label", "split")))).split == 2
    rows = [("one text", "a", "7"), ("other text", "b", "8")] * 2
    assert columns.find(table.read(write(tmp_path / "y.csv", rows, header=("text", "label", "split")))).split is None


def test_rows_of_another_width_are_told_by_number(tmp_path):
    (tmp_path / "x.csv").write_text("text,label\none,a\ntwo\nthree,b\nfour,a\n")
    found = table.read(tmp_path / "x.csv")
    assert [n for n, _ in found.broken] == [3]
    assert len(found.rows) == 3


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize("closed", ['so good" he said', 'so good"', '"so good"', "so good"])
def test_a_quotation_mark_without_a_pair_swallows_no_rows(tmp_path, delimiter, closed):
    rows = [(f"text number {i}", "ab"[i % 2]) for i in range(20)]
    rows[5], rows[15] = ('"Oh what a film', "b"), (closed, "b")
    lines = [delimiter.join(row) for row in [("text", "label"), *rows]]
    (tmp_path / "x.tsv").write_text("\n".join(lines))
    found = table.read(tmp_path / "x.tsv")
    rows[15] = (closed.strip('"') if closed.startswith('"') else closed, "b")
    assert texts_of(found, columns.find(found)) == rows
    assert [n for n, _ in found.doubtful] == [7]


def test_one_that_may_have_joined_rows_is_told_where_that_cannot_be_mended(tmp_path):
    lines = ['"Oh, what a film,b', *(f"text {i},{'ab'[i % 2]}" for i in range(9)), '"so good" he said,a']
    lines += [f"text {i},{'ab'[i % 2]}" for i in range(9)]
    (tmp_path / "x.csv").write_text("\n".join(["text,label", *lines]))
    assert [n for n, _ in table.read(tmp_path / "x.csv").doubtful] == [2]


@pytest.mark.parametrize("label_first", [True, False])
def test_line_breaks_and_delimiters_within_quotation_marks_are_no_rows(tmp_path, label_first):
    texts = ["Good film, really.\nThe end", "a, b\nc, d\ne, f", 'He said "so, so"\nand left', "one\n\ntwo", "a\nb\n"]
    rows = [(text, "ab"[i % 2]) for i, text in enumerate(texts * 6)]
    swapped = [(b, a) for a, b in rows] if label_first else rows
    found = table.read(
        write(tmp_path / "x.csv", swapped, header=("label", "text") if label_first else ("text", "label"))
    )
    assert texts_of(found, columns.find(found)) == rows
    assert not found.doubtful


def test_a_split_column_with_nothing_in_it_is_none(tmp_path):
    rows = [(f"text {i}", "ab"[i % 2], " ") for i in range(8)]
    found = table.read(write(tmp_path / "x.csv", rows, header=("text", "label", "split")))
    for at in (columns.find(found), columns.find(found, split="split")):
        assert at == columns.Columns(0, 1, None)
        assert "'split' is not taken for the split, since its values are all empty" in columns.notes(found, at)[0]


def test_a_column_of_other_values_is_told_not_to_be_the_split(tmp_path):
    rows = [(f"text {i}", "ab"[i % 2], f"site {i % 3}") for i in range(8)]
    found = table.read(write(tmp_path / "x.csv", rows, header=("text", "label", "split")))
    assert "such as 'site 0', are not train, validation or test" in columns.notes(found, columns.find(found))[0]


def test_json_lines_and_json_arrays_are_tables_too(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"text": "one", "label": 1}\n\n{"text": "two", "label": true}\n{broken\n[1]\n')
    found = table.read(tmp_path / "x.jsonl")
    assert found.rows == [(1, ["one", "1"]), (3, ["two", "true"])]
    assert [n for n, _ in found.broken] == [4, 5]
    (tmp_path / "x.json").write_text('[{"text": "one", "label": "a"}, {"text": null, "label": "b"}]')
    assert table.read(tmp_path / "x.json").rows == [(1, ["one", "a"]), (2, ["", "b"])]


@pytest.mark.parametrize("content", [b"", b"  \n", b"only\none\ncolumn\n", b"\x00\xff\x00\xff"])
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path, content):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataError):
        table.read(tmp_path / "x.csv")


def test_a_column_cannot_be_text_and_label_at_once(tmp_path):
    found = table.read(write(tmp_path / "x.csv", ROWS))
    with pytest.raises(ThawError, match="two columns"):
        columns.find(found, text="text", label="text")


@pytest.mark.timeout(20)
def test_a_pipe_named_like_a_table_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    for path in (tmp_path / "a.csv", tmp_path / "zero.csv"):
        for look in (table.read, table.first_row, lambda path: texts.source(str(path))):
            with pytest.raises(DataError, match="it is no file"):
                look(path)


def test_of_a_long_table_as_much_is_read_as_is_asked_for_in_whole_rows(tmp_path):
    path = write(tmp_path / "x.csv", [(f"text {n}", "pos" if n % 2 else "neg") for n in range(1000)])
    whole, head = table.read(path), table.read(path, most=5000)
    assert head.columns == whole.columns
    assert 100 < len(head.rows) < 1000
    assert head.rows == whole.rows[: len(head.rows)]
    assert not head.broken
    assert columns.find(head) == columns.find(whole)
    assert table.read(path, most=path.stat().st_size + 1) == whole
