"""Enterprises: a firm's inventory, filed once, verified by another, booked, and defended number by number."""
