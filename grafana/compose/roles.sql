-- Run once, as the superuser, when the database of compose.yaml is made: the gateway owns the schema `ocpp`, which it
-- makes itself, and Grafana reads it and nothing else.

\set gateway_password `cat /run/secrets/gateway-database-password`
\set grafana_password `cat /run/secrets/grafana-database-password`

CREATE ROLE gateway LOGIN PASSWORD :'gateway_password';
CREATE ROLE grafana LOGIN PASSWORD :'grafana_password';

SELECT current_database() AS database \gset
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"database" TO gateway;
GRANT CONNECT ON DATABASE :"database" TO grafana;

-- The schema is not there yet; what the gateway makes is readable from its first moment.
ALTER DEFAULT PRIVILEGES FOR ROLE gateway GRANT USAGE ON SCHEMAS TO grafana;
ALTER DEFAULT PRIVILEGES FOR ROLE gateway GRANT SELECT ON TABLES TO grafana;

-- A panel that asks for too much ends here, and not with the disk or the memory.
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '60s';
ALTER ROLE grafana SET temp_file_limit = '2GB';
ALTER ROLE grafana SET search_path = ocpp, public;
