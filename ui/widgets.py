"""The dials that a page can put beside its picture. Each is declared as data and drawn from the page's state.

A widget never holds a value of its own: before it is drawn it is set to the state, and its event changes the state.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import streamlit as st

from lossviz.lessons.dials import Kind, kinds
from ui.links import set_dials
from ui.say import plain


@dataclasses.dataclass(frozen=True)
class Widget:
    """A dial by the name of its field; `panel` says under which panel it stands, none for the row above the picture."""

    name: str
    label: str
    panel: str = ""

    def draw(self, slug: str, dials: Any, help: str | None) -> None:
        """Draw it with the state's value."""
        raise NotImplementedError

    def bound(self, slug: str, dials: Any) -> dict[str, Any]:
        """The key of the widget, set to the state's value, and the event that sets the state."""
        key = f"{slug}-{self.name}"
        st.session_state[key] = self.shown(getattr(dials, self.name))
        return {"key": key, "on_change": _moved, "args": (slug, key, self.name, self.read)}

    def shown(self, value: Any) -> Any:
        """The state's value as the widget shows it."""
        return value

    def read(self, value: Any) -> Any:
        """The widget's value as the state holds it."""
        return value


def _moved(slug: str, key: str, name: str, read: Callable[[Any], Any]) -> None:
    value = st.session_state[key]
    if value is not None:
        set_dials(slug, **{name: read(value)})


@dataclasses.dataclass(frozen=True)
class Choice(Widget):
    """A few words side by side; `words` are what the options of the dial are called."""

    words: tuple[str, ...] = ()

    def draw(self, slug: str, dials: Any, help: str | None) -> None:
        options = _kind(dials, self.name).options
        names = dict(zip(options, self.words, strict=True))
        st.segmented_control(
            self.label, options, format_func=names.__getitem__, required=True, help=help, **self.bound(slug, dials)
        )


@dataclasses.dataclass(frozen=True)
class Amount(Widget):
    """A slider over the dial's whole numbers; `unit` follows the number, which is shown divided by `per`."""

    unit: str = ""
    per: int = 1

    def draw(self, slug: str, dials: Any, help: str | None) -> None:
        kind = _kind(dials, self.name)
        low, high = self.shown(kind.low), self.shown(kind.high)
        step, digits = (1, "%d") if self.per == 1 else (1 / self.per, "%.1f")
        st.slider(
            self.label,
            low,
            high,
            step=step,
            format=digits + self.unit.replace("%", "%%"),
            help=help,
            width=150,
            **self.bound(slug, dials),
        )

    def shown(self, value: Any) -> Any:
        return value if self.per == 1 else value / self.per

    def read(self, value: Any) -> Any:
        return round(value * self.per)


@dataclasses.dataclass(frozen=True)
class Count(Widget):
    """A field with a plus and a minus, for small whole numbers."""

    def draw(self, slug: str, dials: Any, help: str | None) -> None:
        kind = _kind(dials, self.name)
        st.number_input(self.label, kind.low, kind.high, step=1, help=help, width=130, **self.bound(slug, dials))


@dataclasses.dataclass(frozen=True)
class Switch(Widget):
    """On or off."""

    def draw(self, slug: str, dials: Any, help: str | None) -> None:
        st.toggle(self.label, help=help, **self.bound(slug, dials))


@dataclasses.dataclass(frozen=True)
class Again(Widget):
    """A button that draws anew: the seed moves on by one."""

    def draw(self, slug: str, dials: Any, help: str | None) -> None:
        kind, seed = _kind(dials, self.name), getattr(dials, self.name)
        new = {self.name: seed + 1 if seed < kind.high else kind.low}
        st.button(self.label, key=f"{slug}-{self.name}-again", help=help, on_click=set_dials, args=(slug,), kwargs=new)


@dataclasses.dataclass(frozen=True)
class Model(Widget):
    """The built-in models by what they are called, and a field for any other by its name or folder."""

    words: tuple[tuple[str, str], ...] = ()

    def draw(self, slug: str, dials: Any, help: str | None) -> None:
        from lossviz.models import best_device, describe  # loaded by now; the page's words did not wait for it

        names, value = dict(self.words), getattr(dials, self.name)
        with st.popover(plain(f"{self.label}: {names.get(value, value)} · {describe(best_device())}")):
            key, field = f"{slug}-{self.name}", f"{slug}-{self.name}-other"
            st.session_state[key] = value if value in names else None
            st.session_state[field] = "" if value in names else value
            st.radio(
                "Built in",
                list(names),
                format_func=names.__getitem__,
                key=key,
                on_change=_moved,
                args=(slug, key, self.name, str),
            )
            st.text_input(
                "Or any other, by its name on the hub or its folder here",
                key=field,
                help=help,
                placeholder="gpt2",
                on_change=_named,
                args=(slug, field, self.name, value),
            )


def _named(slug: str, key: str, name: str, before: str) -> None:
    set_dials(slug, **{name: st.session_state[key].strip()[:200] or before})


def _kind(dials: Any, name: str) -> Kind:
    return kinds(dials)[name]
