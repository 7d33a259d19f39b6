"""Options that go with any mode: each takes a draft and gives a draft with more in it. Pure."""
