"""What models are told and what they say, as text: worded, cut, read, checked, shown. All pure."""
