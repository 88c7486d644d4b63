// What an OCPP 2.0.1 or 2.1 station says, and how it answers.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { CallError, NO_ANSWER } from "./clients.mjs";

const SAMPLES_PER_CHARGE = 3;
const REPORT_PARTS = 3;

const variables = { HeartbeatInterval: "300", Enabled: "true" };
const charge = { transactionId: null, seqNo: 0, register: 1000 };

const now = () => new Date().toISOString();

export async function opening2x(station) {
  await boot(station, "PowerUp");
  await notifyStatus(station, "Available");
  assert.equal((await authorize(station, station.token)).idTokenInfo.status, "Accepted");
  assert.equal((await authorize(station, "STRANGER")).idTokenInfo.status, "Unknown");
  await station.call("DataTransfer", { vendorId: "org.example", messageId: "hello", data: { any: ["thing", 1.5] } });
  await station.call("FirmwareStatusNotification", { status: "Idle" });
  await station.call("LogStatusNotification", { status: "Idle" });
  await station.call("SecurityEventNotification", { type: "StartupOfTheDevice", timestamp: now() });
  await station.call("NotifyEvent", { generatedAt: now(), seqNo: 0, eventData: [temperatureAlarm()] });
  const { currentTime } = await station.call("Heartbeat", {});
  assert.ok(Math.abs(Date.parse(currentTime) - Date.now()) < 60_000);
  await meter(station);
  await startCharging(station);
  await stopCharging(station, "Local");
}

export const behaviours2x = {
  RequestStartTransaction: (station, { idToken, remoteStartId }) => {
    if (idToken.idToken !== station.token || charge.transactionId !== null) {
      return { status: "Rejected" };
    }
    station.afterwards(() => startCharging(station, remoteStartId));
    return { status: "Accepted" };
  },
  RequestStopTransaction: (station, { transactionId }) => {
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
  GetVariables: (station, { getVariableData }) => ({
    getVariableResult: getVariableData.map(({ component, variable }) =>
      variable.name in variables
        ? { attributeStatus: "Accepted", attributeValue: variables[variable.name], component, variable }
        : { attributeStatus: "UnknownVariable", component, variable },
    ),
  }),
  SetVariables: (station, { setVariableData }) => ({
    setVariableResult: setVariableData.map(({ component, variable, attributeValue }) => {
      if (variable.name in variables) {
        variables[variable.name] = attributeValue;
        return { attributeStatus: "Accepted", component, variable };
      }
      return { attributeStatus: "UnknownVariable", component, variable };
    }),
  }),
  GetBaseReport: (station, { requestId }) => {
    station.afterwards(() => report(station, requestId));
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
    return { versionNumber: 7 };
  },
  ClearCache: () => {
    throw new CallError("InternalError", "the cache is out of order");
  },
  GetLog: () => NO_ANSWER,
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

async function boot(station, reason) {
  const chargingStation = { vendorName: "Example", model: "Two", serialNumber: "0002", firmwareVersion: "2.0" };
  assert.equal((await station.call("BootNotification", { reason, chargingStation })).status, "Accepted");
}

async function restart(station) {
  await station.disconnect();
  await station.connect();
  await boot(station, "RemoteReset");
  station.tell("booted");
}

function authorize(station, idToken) {
  return station.call("Authorize", { idToken: { idToken, type: "ISO14443" } });
}

// 2.1 deprecates StatusNotification: there the state of a connector is a NotifyEvent of AvailabilityState.
function notifyStatus(station, connectorStatus) {
  if (station.version === "ocpp2.0.1") {
    return station.call("StatusNotification", { timestamp: now(), connectorStatus, evseId: 1, connectorId: 1 });
  }
  const availability = {
    eventId: 1,
    timestamp: now(),
    trigger: "Delta",
    actualValue: connectorStatus,
    eventNotificationType: "HardWiredNotification",
    component: { name: "Connector", evse: { id: 1, connectorId: 1 } },
    variable: { name: "AvailabilityState" },
  };
  return station.call("NotifyEvent", { generatedAt: now(), seqNo: 0, eventData: [availability] });
}

function temperatureAlarm() {
  return {
    eventId: 2,
    timestamp: now(),
    trigger: "Alerting",
    actualValue: "71.5",
    eventNotificationType: "HardWiredMonitor",
    component: { name: "ChargingStation" },
    variable: { name: "Temperature" },
  };
}

function meterValue(station) {
  charge.register += 100;
  const sampledValue = [
    { value: charge.register, measurand: "Energy.Active.Import.Register", unitOfMeasure: { unit: "Wh" } },
    { value: 7.4, measurand: "Power.Active.Import", unitOfMeasure: { unit: "W", multiplier: 3 } },
  ];
  station.samples += sampledValue.length;
  return [{ timestamp: now(), sampledValue }];
}

async function meter(station) {
  await station.call("MeterValues", { evseId: 1, meterValue: meterValue(station) });
}

async function startCharging(station, remoteStartId) {
  charge.transactionId = randomUUID();
  charge.seqNo = 0;
  await notifyStatus(station, "Occupied");
  const answer = await event(station, "Started", remoteStartId === undefined ? "Authorized" : "RemoteStart", {
    transactionInfo: { transactionId: charge.transactionId, chargingState: "EVConnected", remoteStartId },
    idToken: { idToken: station.token, type: "ISO14443" },
  });
  assert.equal(answer.idTokenInfo.status, "Accepted");
  for (let number = 0; number < SAMPLES_PER_CHARGE; number += 1) {
    const transactionInfo = { transactionId: charge.transactionId, chargingState: "Charging" };
    await event(station, "Updated", "MeterValuePeriodic", { transactionInfo });
  }
  station.tell("started", { transaction: charge.transactionId });
}

async function stopCharging(station, stoppedReason) {
  const { transactionId } = charge;
  const transactionInfo = { transactionId, chargingState: "Idle", stoppedReason };
  await event(station, "Ended", stoppedReason === "Remote" ? "RemoteStop" : "StopAuthorized", { transactionInfo });
  charge.transactionId = null;
  await notifyStatus(station, "Available");
  station.tell("stopped", { transaction: transactionId, register: charge.register });
}

function event(station, eventType, triggerReason, more) {
  const seqNo = charge.seqNo;
  charge.seqNo += 1;
  const evse = { id: 1, connectorId: 1 };
  return station.call("TransactionEvent", {
    eventType,
    timestamp: now(),
    triggerReason,
    seqNo,
    evse,
    meterValue: meterValue(station),
    ...more,
  });
}

async function report(station, requestId) {
  for (let seqNo = 0; seqNo < REPORT_PARTS; seqNo += 1) {
    const reportData = Object.entries(variables).map(([name, value]) => ({
      component: { name: `Part${seqNo}` },
      variable: { name },
      variableAttribute: [{ value, mutability: "ReadWrite" }],
      variableCharacteristics: { dataType: "string", supportsMonitoring: false },
    }));
    const tbc = seqNo < REPORT_PARTS - 1;
    await station.call("NotifyReport", { requestId, generatedAt: now(), seqNo, tbc, reportData });
  }
  station.tell("reported", { requestId, parts: REPORT_PARTS });
}
