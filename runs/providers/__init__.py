"""The providers of models: who they are, how they are spoken to, what they answer."""
