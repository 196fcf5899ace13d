"""Guards that look at which columns would be sent."""
