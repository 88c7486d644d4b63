"""The proof of smart charging: sites, drivers and faults, and what is drawn from every circuit at every instant."""
