"""The lessons: each binds the maths to pictures; `Dials()` is its opening view, `scene(dials)` what the page shows."""
