INSERT INTO ocpp.installation (edition) VALUES ('apache');
