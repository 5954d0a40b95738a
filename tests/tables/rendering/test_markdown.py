"""Markdown is read back by a parser of its own: every word comes out as it went in."""

from __future__ import annotations

from itertools import pairwise

from markdown_it import MarkdownIt

from srbench.tables.rendering import markdown


def inline(token) -> str:
    """Return what a reader sees of an inline token."""
    return "".join(child.content for child in token.children if child.type in {"text", "text_special", "code_inline"})


def parsed(text: str):
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def test_every_cell_comes_out_as_it_went_in(table):
    tokens = parsed(markdown(table))
    cells = [inline(after) for token, after in pairwise(tokens) if token.type in {"th_open", "td_open"}]
    expected = [*table.head, *(cell.text + "*" * cell.star for row in table.rows for cell in row)]
    assert cells == [" ".join(text.split()) for text in expected]


def test_caption_and_notes_are_paragraphs_and_hold_no_markup(table):
    tokens = parsed(markdown(table))
    kinds = {token.type for token in tokens}
    assert not kinds & {
        "heading_open",
        "bullet_list_open",
        "ordered_list_open",
        "blockquote_open",
        "html_block",
        "fence",
    }
    lines = [inline(after) for token, after in pairwise(tokens) if token.type == "paragraph_open"]
    assert lines == [" ".join(text.split()) for text in (table.caption, *table.notes)]


def test_no_cell_becomes_a_link_code_or_emphasis(table):
    marks = {child.type for token in parsed(markdown(table)) for child in token.children or ()}
    assert marks <= {"text", "text_special", "strong_open", "strong_close"}  # strong: the caption and the best


def test_the_best_is_bold_and_words_stand_left(table):
    lines = markdown(table).splitlines()
    assert lines[3] == "|:--|--:|--:|"
    assert "| **\u221e**\\* |" in lines[4]
