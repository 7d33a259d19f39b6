"""From facts, records and matches to category scores that can be opened to their parts.

readings  which row of which benchmark speaks for which base model
scales    what one benchmark's value means on the common z scale
features  facts as numbers; prior: what they predict where nothing was measured
combination  evidence and prior, weighted by how sure each is
fast_cheap   speed and price, with enough quality to be of use
ancestor     the formula of the program this one replaces, kept as a visible base line
overrides    what an admin said, which beats all of it
catalog      all of them in order
"""

from catalog.scoring.catalog import ScoredCatalog, score_catalog

__all__ = ["ScoredCatalog", "score_catalog"]
