"""HTML is read back by the standard library's parser: every word comes out as it went in."""

from __future__ import annotations

from html.parser import HTMLParser

from srbench.tables.rendering import html


class Reader(HTMLParser):
    """Collects the text of every cell, caption and note, and the names of all tags."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in {"td", "th", "figcaption", "p"}:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts and data.strip():
            self.texts[-1] += data


def test_every_text_comes_out_as_it_went_in(table):
    reader = Reader()
    reader.feed(html(table))
    cells = [cell.text + "*" * cell.star for row in table.rows for cell in row]
    assert reader.texts == [table.caption, *table.head, *cells, *table.notes]


def test_no_word_becomes_a_tag(table):
    reader = Reader()
    reader.feed(html(table))
    assert reader.tags == {
        "figure", "figcaption", "div", "table", "thead", "tbody", "tr", "th", "td", "b", "sup", "p"
    }  # fmt: skip


def test_classes_say_what_a_page_may_style(table):
    text = html(table)
    assert '<td class="n"><b>\u221e</b><sup>*</sup></td>' in text
    assert '<td class="n soft">28.43</td>' in text
    assert '<tr class="rule"><td>other</td>' in text
