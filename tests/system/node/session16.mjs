// What an OCPP 1.6 station says, and how it answers.

import assert from "node:assert/strict";
import { CallError, NO_ANSWER } from "./clients.mjs";

const SAMPLES_PER_CHARGE = 3;

const configuration = { HeartbeatInterval: "300", MeterValueSampleInterval: "60", NumberOfConnectors: "1" };
const charge = { transactionId: null, register: 1000 };

const now = () => new Date().toISOString();

export async function opening16(station) {
  await boot(station);
  for (const connectorId of [0, 1]) {
    await notifyStatus(station, "Available", connectorId);
  }
  assert.equal((await station.call("Authorize", { idTag: station.token })).idTagInfo.status, "Accepted");
  assert.equal((await station.call("Authorize", { idTag: "STRANGER" })).idTagInfo.status, "Invalid");
  await station.call("DataTransfer", { vendorId: "org.example", messageId: "hello", data: "0123" });
  await station.call("FirmwareStatusNotification", { status: "Idle" });
  await station.call("DiagnosticsStatusNotification", { status: "Idle" });
  await station.call("LogStatusNotification", { status: "Idle" });
  await station.call("SecurityEventNotification", { type: "StartupOfTheDevice", timestamp: now() });
  const { currentTime } = await station.call("Heartbeat", {});
  assert.ok(Math.abs(Date.parse(currentTime) - Date.now()) < 60_000);
  await startCharging(station);
  await stopCharging(station, "Local");
}

export const behaviours16 = {
  RemoteStartTransaction: (station, { idTag }) => {
    if (idTag !== station.token || charge.transactionId !== null) {
      return { status: "Rejected" };
    }
    station.afterwards(() => startCharging(station));
    return { status: "Accepted" };
  },
  RemoteStopTransaction: (station, { transactionId }) => {
    if (transactionId !== charge.transactionId) {
      return { status: "Rejected" };
    }
    station.afterwards(() => stopCharging(station, "Remote"));
    return { status: "Accepted" };
  },
  TriggerMessage: (station, { requestedMessage }) => {
    const triggered = { MeterValues: () => meter(station), StatusNotification: () => notifyStatus(station, "Available") };
    if (!(requestedMessage in triggered)) {
      return { status: "NotImplemented" };
    }
    station.afterwards(async () => {
      await triggered[requestedMessage]();
      station.tell("triggered", { message: requestedMessage });
    });
    return { status: "Accepted" };
  },
  GetConfiguration: (station, { key = Object.keys(configuration) }) => ({
    configurationKey: key
      .filter((name) => name in configuration)
      .map((name) => ({ key: name, readonly: name === "NumberOfConnectors", value: configuration[name] })),
    unknownKey: key.filter((name) => !(name in configuration)),
  }),
  ChangeConfiguration: (station, { key, value }) => {
    if (!(key in configuration)) {
      return { status: "NotSupported" };
    }
    configuration[key] = value;
    return { status: "Accepted" };
  },
  ChangeAvailability: () => ({ status: "Accepted" }),
  DataTransfer: (station, { data }) => ({ status: "Accepted", data }),
  Reset: (station) => {
    station.afterwards(() => restart(station));
    return { status: "Accepted" };
  },
  // The calls cross: ours is answered while the gateway waits for the answer to its own.
  GetLocalListVersion: async (station) => {
    await station.call("Heartbeat", {});
    return { listVersion: 7 };
  },
  ClearCache: () => {
    throw new CallError("InternalError", "the cache is out of order");
  },
  GetDiagnostics: () => NO_ANSWER,
  // The line is lost while the gateway waits.
  UnlockConnector: async (station) => {
    await station.cut();
    station.afterwards(async () => {
      await station.connect();
      station.tell("returned");
    });
    return NO_ANSWER;
  },
};

async function boot(station) {
  const answer = await station.call("BootNotification", {
    chargePointVendor: "Example",
    chargePointModel: "One",
    chargePointSerialNumber: "0001",
    firmwareVersion: "1.0",
  });
  assert.equal(answer.status, "Accepted");
}

async function restart(station) {
  await station.disconnect();
  await station.connect();
  await boot(station);
  station.tell("booted");
}

function notifyStatus(station, status, connectorId = 1) {
  return station.call("StatusNotification", { connectorId, errorCode: "NoError", status, timestamp: now() });
}

async function startCharging(station) {
  await notifyStatus(station, "Preparing");
  const answer = await station.call("StartTransaction", {
    connectorId: 1,
    idTag: station.token,
    meterStart: charge.register,
    timestamp: now(),
  });
  assert.equal(answer.idTagInfo.status, "Accepted");
  assert.ok(Number.isInteger(answer.transactionId));
  charge.transactionId = answer.transactionId;
  await notifyStatus(station, "Charging");
  for (let number = 0; number < SAMPLES_PER_CHARGE; number += 1) {
    await meter(station);
  }
  station.tell("started", { transaction: String(charge.transactionId) });
}

async function meter(station) {
  charge.register += 100;
  const sampledValue = [
    { value: String(charge.register), measurand: "Energy.Active.Import.Register", unit: "Wh" },
    { value: "7.4", measurand: "Power.Active.Import", unit: "kW", context: "Sample.Periodic" },
  ];
  const transactionId = charge.transactionId ?? undefined;
  await station.call("MeterValues", { connectorId: 1, transactionId, meterValue: [{ timestamp: now(), sampledValue }] });
  station.samples += sampledValue.length;
}

async function stopCharging(station, reason) {
  const { transactionId, register } = charge;
  await station.call("StopTransaction", {
    transactionId,
    idTag: station.token,
    meterStop: register,
    timestamp: now(),
    reason,
  });
  charge.transactionId = null;
  await notifyStatus(station, "Available");
  station.tell("stopped", { transaction: String(transactionId), register });
}
