"""What the model sees: sample_* makes the draw, a pure function applies it."""
