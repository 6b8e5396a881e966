"""Chinese text in lines: where it may be broken, and what a line end in its source means.

Rich breaks lines at spaces, of which Chinese has none, so a whole clause would move to the next line. Its pattern for a
word (rich._wrap, used by Textual too; both are pinned) has no public way in.
"""

from __future__ import annotations

import re

import rich._wrap

_WIDE = "\u2e80-\u303f\u3041-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"
_OPENING = "（《「『【〈〔“"
_CLOSING = "，。、；：？！）》」』】〉〕”…"
_WORD = re.compile(
    rf"\s*(?:[{_OPENING}]*(?:[^\s{_WIDE}{_OPENING}{_CLOSING}]+|[{_WIDE}])[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+)\s*"
)
# Compiled when a chapter is read, not before the first paint: so wide a class takes a millisecond.
_ENDS = rf"[{_WIDE}{_CLOSING}]$"
_GOES_ON = rf"(?s:(?:> ?)*(?P<text>[{_WIDE}{_OPENING}].*))"


def teach_rich() -> None:
    """Lets a line end after any Chinese character, but not before a closing mark or after an opening one (GB/T 15834).
    Doing it again changes nothing."""
    rich._wrap.re_word = _WORD


def continued(line: str, following: str) -> str | None:
    """`line` with the text of `following`, the next one of a CommonMark paragraph, where both are Chinese and a reader
    would see the line end between them as a space; else None."""
    if re.search(_ENDS, line) and (found := re.fullmatch(_GOES_ON, following)):
        return line + found["text"]
    return None
