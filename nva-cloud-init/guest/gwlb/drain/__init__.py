"""Out of service without cutting flows: events, what to wait for, and until when."""
