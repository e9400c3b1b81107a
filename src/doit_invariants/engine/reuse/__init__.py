"""Restores results from a store or an export instead of making them again, and puts them there."""
