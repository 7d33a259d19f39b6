"""The classifier in production: what people said of its labels and of the work that followed, and how it does on that.

A label counts only where a person set it. How work was rated says whether a choice was good, and only weakly whether
its label was right: it is exported beside the text, marked as weak, and never as a label.
"""
