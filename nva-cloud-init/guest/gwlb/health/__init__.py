"""What the load balancer's probe and the scale set are told, and the self-test."""
