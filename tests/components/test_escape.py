from hypothesis import given
from hypothesis import strategies as st

from components.escape import as_html, as_markdown, as_plotly, shortened, shown


def test_markup_becomes_text_in_html():
    assert as_html("<script>\"'&") == "&lt;script&gt;&quot;&#x27;&amp;"


def test_tags_become_text_in_plotly():
    assert as_plotly("<b>x</b>") == "&lt;b&gt;x&lt;/b&gt;"


def test_plotly_reads_no_template_in_a_name():
    assert as_plotly("%{y} 5 %") == "&#37;{y} 5 &#37;"


def test_markdown_signs_are_escaped():
    assert as_markdown("*a* [b](c) :red[d] $e$") == r"\*a\* \[b\]\(c\) \:red\[d\] \$e\$"


def test_bytes_that_are_no_utf8_are_replaced():
    assert shown("a\udcffb") == "a\N{REPLACEMENT CHARACTER}b"


def test_half_an_emoji_is_replaced():
    assert shown("a\ud83db") == "a\N{REPLACEMENT CHARACTER}b"


def test_a_line_break_becomes_a_space():
    assert shown("a\nb") == "a b"


def test_a_long_name_keeps_both_ends():
    assert shortened("abcdefghij", 6) == "abc…ij"


@given(st.text(st.characters()))
def test_any_text_can_be_shown_and_encoded(text):
    for escape in (shown, as_html, as_markdown, as_plotly, shortened):
        escape(text).encode("utf-8")


@given(st.text())
def test_no_tag_survives(text):
    for escape in (as_html, as_plotly):
        assert "<" not in escape(text)
    as_html(text).encode("utf-8")


@given(st.text(), st.integers(3, 40))
def test_a_shortened_name_is_never_longer(text, limit):
    assert len(shortened(text, limit)) <= limit
