"""What Indian law says, as dated tables with their sources and pure functions over them.

Every function takes the day it is asked about; none knows what today is.
"""
