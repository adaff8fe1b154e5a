"""A button that copies the page's address: everything that is set on the page lies in it."""

from ui.component import register

_mount = register("copy_link")


def copy_link() -> None:
    """Draw the button."""
    _mount(key="copy-link", data={})
