"""What the site keeps, for how long, how much room it takes; and letting go what is too old."""
