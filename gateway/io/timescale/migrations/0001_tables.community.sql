INSERT INTO ocpp.installation (edition) VALUES ('community');
