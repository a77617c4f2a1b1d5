"""Models, oracles and checks that several tests share."""
