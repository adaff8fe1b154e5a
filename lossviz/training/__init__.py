"""Training of the built-in models, and training that is watched."""
