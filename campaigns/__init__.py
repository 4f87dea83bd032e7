"""Campaigns: what is worth running but takes too long for every change. `bin/campaign NAME` runs one."""
