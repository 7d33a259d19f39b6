"""The runs app: does the work that routing chose a model for, without losing results or money."""
