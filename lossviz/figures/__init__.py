"""Pictures by kind, as plain data: numbers come in, what to draw goes out. No formula stands here."""
