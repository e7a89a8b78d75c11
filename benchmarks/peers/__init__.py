"""The same workloads in every framework; each module has a function `make(workload)`, which returns a WSGI
application.

A function returns `None` for a workload that its framework does not take part in.
"""
