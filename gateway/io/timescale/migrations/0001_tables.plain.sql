INSERT INTO ocpp.installation (edition) VALUES ('plain');
