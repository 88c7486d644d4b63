// Two libraries behind one interface: { connect, call, answer, answerOthers, close, cut, faults }.
//
// `call(action, payload)` resolves to the payload of the CALLRESULT, and rejects on a CALLERROR. `answer(action,
// handler)` lets `handler(payload)` answer what the gateway calls: with a payload, NO_ANSWER, or by throwing a
// CallError; `answerOthers(handler)` is for all other actions. `faults` are what the library found wrong with the
// gateway's messages or with ours: both check each payload, in both directions, against the schema of its version.

import { createRequire } from "node:module";
import ocppRpc from "ocpp-rpc";
import * as ocppWsIo from "ocpp-ws-io";

export const NO_ANSWER = Symbol("no answer");

const { SecurityProfile } = ocppWsIo;

const CALL_TIMEOUT_MS = 30_000;

const clients = {
  "ocpp-rpc": (options) => new OcppRpcClient(options),
  "ocpp-ws-io": (options) => new OcppWsIoClient(options),
};

export function makeClient(name, options) {
  return clients[name](options);
}

export class CallError extends Error {
  constructor(code, description) {
    super(description);
    this.code = code;
  }
}

class OcppRpcClient {
  constructor({ endpoint, identity, password, version }) {
    this.faults = [];
    this._client = new ocppRpc.RPCClient({
      endpoint,
      identity,
      password,
      protocols: [version],
      strictMode: true,
      strictModeValidators: version === "ocpp2.1" ? [ocppRpcValidator21()] : [],
      reconnect: false,
      callTimeoutMs: CALL_TIMEOUT_MS,
    });
    this._client.on("strictValidationFailure", ({ method, error }) => this.faults.push(`${method}: ${error.message}`));
    this._client.on("badMessage", ({ buffer, error }) => this.faults.push(`${error.message}: ${buffer}`));
  }

  get version() {
    return this._client.protocol;
  }

  // What was agreed on beside the subprotocol; neither library has a public word for it.
  get extensions() {
    return Object.keys(this._client._ws._extensions).join(", ");
  }

  connect() {
    return this._client.connect();
  }

  call(action, payload) {
    return this._client.call(action, payload);
  }

  answer(action, handler) {
    this._client.handle(action, ({ params }) => this._answered(handler, params));
  }

  answerOthers(handler) {
    this._client.handle(({ params }) => this._answered(handler, params));
  }

  close() {
    return this._client.close({ code: 1000, awaitPending: true });
  }

  cut() {
    return this._client.close({ force: true });
  }

  async _answered(handler, params) {
    try {
      const payload = await handler(params);
      return payload === NO_ANSWER ? ocppRpc.NOREPLY : payload;
    } catch (error) {
      throw error instanceof CallError ? ocppRpc.createRPCError(error.code, error.message) : error;
    }
  }
}

// ocpp-rpc looks for `urn:Action.req`, but its own schemas of 2.1 are called `urn:ActionRequest`.
function ocppRpcValidator21() {
  const schemas = createRequire(import.meta.url)("ocpp-rpc/lib/schemas/ocpp2_1.json");
  const renamed = schemas.map((schema) => ({
    ...schema,
    $id: schema.$id.replace(/Request$/, ".req").replace(/Response$/, ".conf"),
  }));
  return ocppRpc.createValidator("ocpp2.1", renamed);
}

class OcppWsIoClient {
  constructor({ endpoint, identity, password, version }) {
    this.faults = [];
    this._schemas = ocppWsIo.getStandardValidator(version);
    this._client = new ocppWsIo.OCPPClient({
      endpoint,
      identity,
      password,
      securityProfile: endpoint.startsWith("wss:") ? SecurityProfile.TLS_BASIC_AUTH : SecurityProfile.BASIC_AUTH,
      protocols: [version],
      strictMode: true,
      reconnect: false,
      logging: false,
      compression: true,
      callTimeoutMs: CALL_TIMEOUT_MS,
    });
    this._client.on("strictValidationFailure", ({ message, error }) =>
      this.faults.push(`${JSON.stringify(message)}: ${error.message}`),
    );
    this._client.on("badMessage", ({ message, error }) => this.faults.push(`${error.message}: ${message}`));
  }

  get version() {
    return this._client.protocol;
  }

  // What was agreed on beside the subprotocol; neither library has a public word for it.
  get extensions() {
    return Object.keys(this._client._ws._extensions).join(", ");
  }

  connect() {
    return this._client.connect();
  }

  call(action, payload) {
    this._checkSchema(action);
    return this._client.call(action, payload);
  }

  answer(action, handler) {
    this._checkSchema(action);
    this._client.handle(action, ({ params }) => this._answered(handler, params));
  }

  answerOthers(handler) {
    this._client.handle((action, { params }) => {
      this._checkSchema(action);
      return this._answered(handler, params);
    });
  }

  close() {
    return this._client.close({ code: 1000, awaitPending: true });
  }

  cut() {
    return this._client.close({ force: true });
  }

  async _answered(handler, params) {
    try {
      const payload = await handler(params);
      return payload === NO_ANSWER ? ocppWsIo.NOREPLY : payload;
    } catch (error) {
      throw error instanceof CallError ? ocppWsIo.createRPCError(error.code, error.message) : error;
    }
  }

  // Without a schema ocpp-ws-io checks nothing, even in strict mode.
  _checkSchema(action) {
    for (const part of ["req", "conf"]) {
      if (!this._schemas.hasSchema(`urn:${action}.${part}`)) {
        throw new Error(`no schema of ${action}`);
      }
    }
  }
}
