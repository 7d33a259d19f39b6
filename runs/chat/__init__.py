"""Conversations in the protocols of OpenAI and Anthropic: a model is chosen, called, paid for, and kept."""
