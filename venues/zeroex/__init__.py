"""0x Standard Relayer API: the orders channel, its REST siblings, and a relayer on loopback."""
