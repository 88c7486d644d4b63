// One charging station: `node station.mjs '{"client", "version", "endpoint", "identity", "password", "token"}'`.
//
// It connects, boots, charges once by itself, and then answers what the gateway calls until its standard input ends.
// What happens is told on standard output, one JSON object a line; the last one is `left`, with all that it counted.
// Whatever it did not expect ends it with status 1.

import { createInterface } from "node:readline";
import { CallError, makeClient, NO_ANSWER } from "./clients.mjs";
import { behaviours16, opening16 } from "./session16.mjs";
import { behaviours2x, opening2x } from "./session2x.mjs";

const sessions = {
  "ocpp1.6": { opening: opening16, behaviours: behaviours16 },
  "ocpp2.0.1": { opening: opening2x, behaviours: behaviours2x },
  "ocpp2.1": { opening: opening2x, behaviours: behaviours2x },
};

class Station {
  constructor(options) {
    this.version = options.version;
    this.token = options.token;
    this.calls = {};
    this.answered = {};
    this.samples = 0;
    this._options = options;
    this._faults = [];
    this._open = 0;
    this._client = null;
  }

  async connect() {
    this._client = makeClient(this._options.client, this._options);
    for (const [action, behave] of Object.entries(sessions[this.version].behaviours)) {
      this._client.answer(action, (payload) => this._answer(action, behave, payload));
    }
    this._client.answerOthers((payload) => this._answer("another action", refuse, payload));
    await this._client.connect();
    if (this._client.version !== this.version) {
      this._faults.push(`the gateway chose ${this._client.version}`);
    }
  }

  // Returns the payload of the gateway's answer.
  async call(action, payload) {
    const answer = await this._client.call(action, payload);
    this.calls[action] = (this.calls[action] ?? 0) + 1;
    return answer;
  }

  // Does a task once the answer that is being made has left.
  afterwards(task) {
    setImmediate(() => task().catch(fail));
  }

  async disconnect() {
    this._faults.push(...this._client.faults);
    await this._client.close();
  }

  async cut() {
    this._faults.push(...this._client.faults);
    await this._client.cut();
  }

  tell(event, more = {}) {
    process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);
  }

  async leave() {
    const { extensions } = this._client;
    await this.disconnect();
    const { calls, answered, samples, _faults: faults } = this;
    this.tell("left", { calls, answered, samples, extensions, faults });
  }

  async _answer(action, behave, payload) {
    if (this._open > 0) {
      this._faults.push(`${action} came before the CALL before it was answered`);
    }
    this._open += 1;
    try {
      const answer = await behave(this, payload);
      if (answer !== NO_ANSWER) {
        this.answered[action] = (this.answered[action] ?? 0) + 1;
      }
      return answer;
    } finally {
      this._open -= 1;
    }
  }
}

function refuse() {
  throw new CallError("NotSupported", "this station has nothing of the kind");
}

function fail(error) {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
}

const station = new Station(JSON.parse(process.argv[2]));
await station.connect();
await sessions[station.version].opening(station);
station.tell("ready", { supported: Object.keys(sessions[station.version].behaviours) });
for await (const line of createInterface({ input: process.stdin })) {
  throw new Error(`nothing was expected on standard input, but: ${line}`);
}
await station.leave();
process.exit(0);
