"""What is done once and for all: effects with their answers, jobs, and what others are told of them."""
