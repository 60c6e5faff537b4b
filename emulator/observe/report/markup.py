"""HTML and SVG elements whose text is escaped unless it is markup already, so that no name can become a tag."""

from __future__ import annotations

from html import escape

_VOID = frozenset({"br", "meta", "hr"})


class Html(str):
    """Text that is markup."""

    __slots__ = ()


def tag(name: str, /, *content: str, **attributes: object) -> Html:
    """An element of `content`; attributes with `_` for `-`, a trailing `_` dropped, None or False left out."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(number(value) if isinstance(value, float) else str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{words}>")
    return Html(f"<{name}{words}>{join(*content)}</{name}>")


def join(*content: str) -> Html:
    """`content` one after another, escaped where it is no markup."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in content))


def number(value: float) -> str:
    """A coordinate with no more digits than a screen shows."""
    return f"{value:.1f}".removesuffix(".0")
