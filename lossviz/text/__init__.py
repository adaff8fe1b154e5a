"""The built-in text, its tokenizer, and any text as tokens."""
