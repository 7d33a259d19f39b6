"""Where the money goes, what it saved, and what the month will come to.

    look (whose, which days, by what) -> sums, from ``runs.spend`` -> overview | savings | cascade | forecast -> faces

All arithmetic is pure and exact to the nano-dollar; figures that are estimates say how sure they are.
"""
