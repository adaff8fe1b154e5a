"""Small real transformers: the built-in ones, and any other by name."""

from lossviz.models.checkpoints import BUILT_IN, load
from lossviz.models.device import best_device, describe
from lossviz.models.hub import ModelUnavailable
from lossviz.models.language_model import KINDS, LanguageModel

__all__ = ["BUILT_IN", "KINDS", "LanguageModel", "ModelUnavailable", "best_device", "describe", "load"]
