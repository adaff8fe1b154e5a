"""The lessons that are there, by the slug of their page and in the order of the map."""

from lossviz.lessons import causal_lm, home, masked_lm, span_corruption

LESSONS = {"causal-lm": causal_lm, "masked-lm": masked_lm, "span-corruption": span_corruption}
OPENINGS = {**LESSONS, "home": home}
"""Every page with an opening view; that of the home page comes last, since it shows the others."""
