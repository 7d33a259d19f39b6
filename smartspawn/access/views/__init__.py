"""The pages of access, one module for each subject."""
