"""Everything a distributor owns, in one file: tables, papers, and a list that proves it is whole."""
