"""What is written down of a run: rows, texts, events, and who may write them."""
