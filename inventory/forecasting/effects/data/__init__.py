"""Dated tables of what moves demand; see the README beside them."""
