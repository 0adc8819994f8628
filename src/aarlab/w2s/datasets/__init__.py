"""Folders of data at the scale of the study, built from public data sets, and what could be exploited in one."""
