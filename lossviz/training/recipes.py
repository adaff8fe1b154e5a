"""How long each built-in model is trained."""

from lossviz.training.trainer import Recipe

RECIPES = {
    "causal": Recipe("causal", steps=5000),
    "leaky": Recipe("leaky", steps=600),
    "masked": Recipe("masked", steps=6000),
    "t5": Recipe("t5", steps=3600),
    "bart": Recipe("bart", steps=6000),
}
