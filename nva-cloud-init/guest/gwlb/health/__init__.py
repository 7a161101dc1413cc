"""Answers for the load balancer's probe and the scale set, and the self-test."""
