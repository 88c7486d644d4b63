// ocpp-ws-io imports these three, and calls them only where `logging` is not false.

function refuse() {
  throw new Error("logging is switched off");
}

export { refuse as consoleTransport, refuse as createLogger, refuse as prettyTransport };
