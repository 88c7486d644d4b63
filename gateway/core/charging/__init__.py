"""Smart charging: a site's power is shared among its sessions, and no circuit is ever promised more than it carries."""
