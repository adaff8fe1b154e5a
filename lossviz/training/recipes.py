"""How long each built-in model is trained."""

from lossviz.training.trainer import Recipe

RECIPES = {
    "causal": Recipe("causal", cycles=(5000,)),
    "leaky": Recipe("leaky", cycles=(600,)),
    "masked": Recipe("masked", cycles=(6000, 3500)),
    "t5": Recipe("t5", cycles=(3600, 3000)),
    "bart": Recipe("bart", cycles=(6000,)),
}
