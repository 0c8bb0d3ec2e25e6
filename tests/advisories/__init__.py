"""Advisories of every format say what is bad, and damaged ones are refused."""
