"""What a server may ask of a station in OCPP 2.0.1 and 2.1: a table for each functional block of Part 2.

Each function gets the station, the part of the payload that matters, and the time; it returns the CALLRESULT's payload
or raises Refusal.
"""
