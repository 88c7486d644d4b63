"""What a station keeps and does for its server beyond charging, in OCPP 2.x words, a module for each functional block.

A feature knows neither messages nor versions: `commands16` and `commands2` translate. What has something to do later is
`Timed`.
"""
