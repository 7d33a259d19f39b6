"""Judge hygiene: verdicts of models held against a person's own ratings of the same answers.

A judge that surely agrees too little is set aside for that person's runs, until their ratings or they themselves
say otherwise. Nobody's ratings decide for others.
"""
