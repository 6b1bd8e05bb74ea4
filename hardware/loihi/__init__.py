"""Intel Loihi: what fits, what the chip will compute bit by bit, and how it gets there."""
