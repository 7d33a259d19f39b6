"""A provider that is none: it speaks all three protocols, answers without a model, and keeps an exact bill."""
