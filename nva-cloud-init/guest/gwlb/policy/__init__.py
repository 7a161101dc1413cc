"""The firewall policy: from userData into the kernel, and what it counts."""
