"""Find the numbered and bulleted lists of a text, with what stands around them. One pass over the lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from routing.decompose.masking import HIDDEN, hide_blocks
from routing.decompose.requests import asks_for_work, sentence_spans, strip_polite
from routing.decompose.verbs import WORD, leading_verb, words

_BULLETS: Final = "-*•‣⁃▪▫◦●○◆◇■□►▶▸–—·➢➤→✓✔☐☑✗+»"
_MARKER: Final = re.compile(
    rf"""(?P<indent>[ \t\u3000]*)(?:
        (?P<bullet>[{re.escape(_BULLETS)}][ \t\u3000]+(?:\[[ xX]\][ \t]+)?|[・‧•][ \t]*|\[[ xX]\][ \t]+)
      | \(?(?P<number>\d{{1,3}})(?:\\?[.)][ \t]+|[.)．）。、:：]\)?[ \t]*(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])
            |[ ]?[.)．）、:：º°ª\-–][.)\-–]?[ \t\u3000]+)
      | (?P<section>\d{{1,2}}(?:\.\d{{1,2}}){{1,3}})[.)]?[ \t]+(?=[^\W\d_])
      | (?P<circled>[①-⑳❶-❿➀-➓])[ \t\u3000]*
      | \(?(?P<letter>[A-Ha-h])\)[ \t]+
      | \*{{0,2}}(?:Step|Task|Part|Item|Schritt|Aufgabe|Étape|Etape|Tâche|Paso|Tarea|Passo|Tarefa|Fase|Stap|Шаг|Задача|
            Krok|Adım|Steg|步骤|ステップ|단계)
            [ \t]*(?P<step>\d{{1,3}})\*{{0,2}}[ \t]*[.):：\-–—]\*{{0,2}}[ \t]*
      | 第(?P<ordinal>[一二三四五六七八九十\d]{{1,3}})步?[、，,:：.．][ \t]*
    )(?P<content>\S.*)$""",
    re.VERBOSE | re.IGNORECASE,
)
_INLINE_NUMBER: Final = re.compile(r"(?:(?<=\s)|^|(?<=[:：,;.]))\(?(\d{1,2})[.)][ \t]+(?=\S)|[①-⑳]")
_TAB_WIDTH: Final = 4
# A line shorter than this was not wrapped, so what follows it is no continuation.
_WRAPPED_LINE: Final = 60
# An item this much further in than the list is somebody's child.
_CHILD_INDENT: Final = 2
_LONGEST_HEADING_WORDS: Final = 6

_LONGEST_LEAD: Final = 200
_ANNOUNCES_TASKS: Final = re.compile(
    r"\b(?:do|following|tasks?|todos?|to-dos?|things|plan|deliverables)\b[^.]{0,40}[:：]\s*$", re.IGNORECASE
)
_ASKS_OF_EACH: Final = re.compile(r"repro|\b(?:each|every|all|any|which) of\b|\bfollowing \w+", re.IGNORECASE)
_CODE: Final = re.compile(r"[;{}]\s*$|^\s*(?:if|for|while|return|import|def|const|let|var)\b.*[(=]|=>|==|</|\w\(\)")
# Things that are handed over: a list of them is a list of tasks even without verbs.
_THINGS: Final = words(
    "page pages post posts report deck presentation email emails newsletter script test tests docs documentation "
    "readme guide tutorial article essay api endpoint endpoints schema component dashboard website site app service "
    "migration pipeline logo banner mockup wireframe prototype plan budget spec diagram changelog brochure flyer video "
    "podcast summary analysis research design implementation deployment form screen client server database "
    "backend frontend cli sdk library bot integration testing seite bericht dokumentation rapport présentation informe "
    "página pagina"
)
_LONGEST_THING_WORDS: Final = 6

# What a list is introduced by when it belongs to the task instead of naming tasks.
_DETAIL_HEADING: Final = re.compile(
    r"repro(?:duce|duction)?\b|acceptance criteria|expected|actual|observed|stack ?trace|\blogs?\b|error|environment|"
    r"\bversions?\b|background|\bcontext\b|\bnotes?\b|constraints?|assumptions|out of scope|\bexamples?\b|\bsample\b|"
    r"\bgiven\b|references?\b|\blinks\b|\bsources\b|ingredients|non-goals|"
    r"(?:each|every|all|any|some|which|one) of (?:these|those|the following)|(?:these|the following|following|this) "
    r"(?:\w+ )?(?:sentences?|lines?|items|names?|words?|phrases|numbers|reviews?|comments?|tickets?|headlines?|"
    r"list|entries|rows|products?|titles?|messages?|notes|facts|texts?|questions?|options|data|points)\b|"
    r"\b(?:the |this |it |its |that )(?:[\w-]+ ){0,3}(?:should|must|can|will|has to|needs to)(?: \w+){0,3}"
    r"\s*[:：]?\s*$",
    re.IGNORECASE,
)
_SOFT_DETAIL: Final = re.compile(
    r"\b(?:with|including|includes?|covering|covers?|about|containing|contains?|using|supports?|supporting|consider|"
    r"considering|based on|mention(?:ing)?|address(?:ing)?|such as|like|e\.g\.|has|have|for|where|between|mit|avec|con|"
    r"com|met|с)\b[^.:\n]{0,80}[:：]?\s*$|\brequirements?\s*[:：]?\**\s*$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Item:
    marker: str  # "n" numbered, "s" numbered as sections are ("1.2"), "b" bulleted, "l" lettered
    mark: str  # the sign itself
    indent: int
    number: int
    lines: list[str]
    children: list[_Item] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join([*self.lines, *(line for child in self.children for line in child.shown_lines)]).strip()

    @property
    def shown_lines(self) -> list[str]:
        """The lines as they stand below a parent, with the marker back in front."""
        mark = f"{self.number}." if self.marker == "n" else "-"
        return [f"  {mark} {self.lines[0]}", *self.lines[1:]]


@dataclass(slots=True)
class _Block:
    """A list, and the line that introduces it."""

    lead: str
    items: list[_Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListSplit:
    """The items of a text's lists and everything else in it."""

    items: tuple[str, ...]
    rest: str
    is_numbered: bool


def find_lists(text: str) -> ListSplit | None:
    """The tasks that the text lists line by line; None where no list has two of them."""
    prose, blocks = _Scanner().scan(text)
    leads = {block.lead for block in blocks}
    # A text of nothing but lists and their headings; anything more may be the request they belong to.
    is_bare = all(line.strip() in leads for line in prose if line.strip())
    tasks = [block for block in blocks if not _is_detail(block, is_bare=is_bare)]
    items = [(block, item) for block in tasks for item in block.items]
    texts = [shown for block, item in items for shown in _deliverables(block, item, len(tasks) > 1)]
    if len(texts) < 2:
        return None
    asides = [line for block in blocks if block not in tasks for line in _all_lines(block)]
    used = {block.lead for block in tasks if len(tasks) > 1 and _section_of(block)}
    rest = "\n".join([*(line for line in prose if line.strip() not in used), *asides]).strip()
    return ListSplit(tuple(texts), rest, is_numbered=tasks[0].items[0].marker != "b")


def hide_lists(masked: str) -> str:
    """The mask with every list item hidden: what is left is prose."""
    return "\n".join(HIDDEN * len(line) if _MARKER.match(line) else line for line in masked.split("\n"))


def find_inline_numbers(text: str, masked: str) -> ListSplit | None:
    """The tasks of "1) design it 2) build it 3) ship it"; None unless the numbers count up from 1."""
    marks: list[re.Match[str]] = []
    for found in _INLINE_NUMBER.finditer(masked):
        number = int(found.group(1)) if found.group(1) else ord(found.group()) - ord("①") + 1
        if number == len(marks) + 1:
            marks.append(found)
    if len(marks) < 2:
        return None
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    items = [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
    if not all(items) or sum(_is_deliverable(item) for item in items) * 2 <= len(items):
        return None
    return ListSplit(tuple(items), text[: marks[0].start()].strip(), is_numbered=True)


# --- one pass over the lines -------------------------------------------------------------------


class _Scanner:
    """Sorts lines into prose and lists; an item takes along what is indented below it."""

    def __init__(self) -> None:
        self.prose: list[str] = []
        self.blocks: list[_Block] = []
        self.block: _Block | None = None  # the list that is being read
        self.is_after_blank = False

    def scan(self, text: str) -> tuple[list[str], list[_Block]]:
        lines = text.split("\n")
        masked = hide_blocks(text).split("\n")
        for place, (line, mask) in enumerate(zip(lines, masked, strict=True)):
            if not line.strip():
                self.is_after_blank = True
                continue
            marker = _MARKER.match(mask)
            if marker:
                self._add_item(line, marker)
            elif HIDDEN in mask[:1]:
                self._add_hidden(line)
            else:
                self._add_text(line, is_before_item=place + 1 < len(masked) and bool(_MARKER.match(masked[place + 1])))
            self.is_after_blank = False
        return self.prose, self.blocks

    def _add_item(self, line: str, marker: re.Match[str]) -> None:
        item = _item_of(line, marker)
        if self.block is None:
            self._open_block(item)
            return
        first = self.block.items[0]
        parent = self.block.items[-1]
        is_child = item.indent >= first.indent + _CHILD_INDENT or (
            item.marker != first.marker and item.indent >= first.indent
        )
        if not is_child:
            self.block.items.append(item)
        elif parent.children and item.indent >= parent.children[0].indent + _CHILD_INDENT:
            parent.children[-1].lines.append(line.rstrip())
        else:
            parent.children.append(item)

    def _open_block(self, item: _Item) -> None:
        """A new list, or the going on of a numbered one that a paragraph stood in."""
        last = self.blocks[-1] if self.blocks else None
        if last and item.number > 1 and last.items[-1].number == item.number - 1 and last.items[0].marker == "n":
            last.items[-1].lines.extend(self._take_prose_since(last))
            last.items.append(item)
            self.block = last
            return
        self.block = _Block(lead=self.prose[-1].strip() if self.prose else "", items=[item])
        self.block_start = len(self.prose)
        self.blocks.append(self.block)

    def _take_prose_since(self, _block: _Block) -> list[str]:
        between = self.prose[self.block_start :]
        del self.prose[self.block_start :]
        return between

    def _add_hidden(self, line: str) -> None:
        if self.block is None:
            self.prose.append(line)
        else:
            _deepest(self.block).lines.append(line)

    def _add_text(self, line: str, *, is_before_item: bool) -> None:
        if self.block is None:
            self.prose.append(line)
            return
        is_indented = line[:1].isspace()
        is_heading = is_before_item and not is_indented and line.rstrip().endswith((":", "："))
        if line.startswith("#") or is_heading or (not is_indented and self._ends_list(line)):
            self.block = None
            self.prose.append(line)
        else:
            _deepest(self.block).lines.append(line.rstrip())

    def _ends_list(self, line: str) -> bool:
        """Whether an unindented line begins something new: after a blank line, or after a line not worn to its end."""
        assert self.block is not None  # noqa: S101  asked of an open list alone
        last = _deepest(self.block).lines[-1]
        return self.is_after_blank or (len(last) < _WRAPPED_LINE and not line[:1].islower())


def _item_of(line: str, marker: re.Match[str]) -> _Item:
    kinds = marker.groupdict()
    if kinds["bullet"]:
        kind, number = "b", 0
    elif kinds["letter"] or kinds["section"]:
        kind, number = "l" if kinds["letter"] else "s", 0
    else:
        digits = kinds["number"] or kinds["step"] or "0"
        kind, number = "n", int(digits)
    indent = sum(_TAB_WIDTH if character == "\t" else 1 for character in kinds["indent"])
    mark = (kinds["bullet"] or "").strip()
    return _Item(kind, mark, indent, number, [line[marker.start("content") :].rstrip()])


def _deepest(block: _Block) -> _Item:
    item = block.items[-1]
    return item.children[-1] if item.children else item


# --- what the items are ------------------------------------------------------------------------


def _is_detail(block: _Block, *, is_bare: bool) -> bool:
    """Whether the list belongs to a task named outside it, instead of naming tasks."""
    if _is_code(block):
        return True
    lead = block.lead[-_LONGEST_LEAD:]
    is_announced = bool(_ANNOUNCES_TASKS.search(lead)) and not _ASKS_OF_EACH.search(lead)
    # "2.5 kg of flour" is a measure: numbers with a point count where what follows them asks for work.
    is_measure = block.items[0].marker == "s" and not _asks_mostly(block)
    if is_measure or is_announced or (not lead and is_bare):
        return is_measure
    if _DETAIL_HEADING.search(lead):
        return True
    if _asks_mostly(block):
        return False
    return not is_bare or bool(_SOFT_DETAIL.search(lead)) or not _introduces_things(lead)


def _is_code(block: _Block) -> bool:
    """A patch without its header, or lines of a program, that happen to begin like items."""
    marks = {item.mark for item in block.items}
    code_count = sum(_CODE.search(item.lines[0]) is not None for item in block.items)
    return {"+", "-"} <= marks or code_count * 2 > len(block.items)


def _asks_mostly(block: _Block) -> bool:
    return sum(_is_deliverable(item.lines[0]) for item in block.items) * 2 > len(block.items)


def _is_deliverable(line: str) -> bool:
    if asks_for_work(line):
        return True
    words = WORD.findall(line.lower())
    return len(words) <= _LONGEST_THING_WORDS and any(word in _THINGS for word in words)


def _introduces_things(lead: str) -> bool:
    """Whether items without a verb are tasks: below a heading or a bare "Build:", not below a whole request."""
    if not lead.startswith("#") and not lead.endswith((":", "：")):
        return False
    is_request = asks_for_work(lead)
    return len(sentence_spans(lead)) == 1 and (not is_request or len(WORD.findall(strip_polite(lead))) == 1)


def _deliverables(block: _Block, item: _Item, is_sectioned: bool) -> Iterator[str]:
    """The item whole; or, where it merely heads a group of tasks, those tasks."""
    heading = item.lines[0].strip(" *#:：")
    if _heads_group(item):
        yield from (f"{heading}: {child.text}" for child in item.children)
        return
    section = _section_of(block) if is_sectioned else ""
    yield f"{section}: {item.text}" if section else item.text


def _heads_group(item: _Item) -> bool:
    if not item.children or len(item.lines) > 1 or not _is_heading(item.lines[0]):
        return False
    return all(leading_verb(child.lines[0]) for child in item.children)


def _section_of(block: _Block) -> str:
    """The heading above a list where a text has several: without it "write tests" would lose its object."""
    lead = block.lead
    is_marked = lead.startswith("#") or lead.endswith((":", "："))
    heading = lead.strip(" *#:：")
    return heading if is_marked and _is_heading(heading) and not _ANNOUNCES_TASKS.search(lead) else ""


def _is_heading(line: str) -> bool:
    words = line.split()
    return 0 < len(words) <= _LONGEST_HEADING_WORDS and leading_verb(line) is None


def _all_lines(block: _Block) -> Iterator[str]:
    for item in block.items:
        yield from item.shown_lines
        for child in item.children:
            yield from child.shown_lines
