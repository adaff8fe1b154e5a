"""The map of the whole subject."""

from ui.home import home

home()
