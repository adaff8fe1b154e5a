"""Interview questions: their answers, and the live states that prove them."""
