"""One file per idea; each is readable beside the equation of its paper."""
