// zigbee-herdsman, as it comes, with a stick: starts, and where it is given an install code lets one device in,
// interviews it and updates it; then stops.
//
//   node controller.mjs MODULES PLAN
//
// MODULES: a folder with node_modules.  PLAN, JSON: `path` and `channel` of the stick, `folder` for its own files, and
// perhaps `installCode` (EUI-64 | code) and `image` (a file).  It prints an object a line, `step` says what is done.

import { createRequire } from "node:module";
import { join } from "node:path";

const BLOCK_OCTETS = 50;
const PERMIT_S = 60;
const REQUEST_TIMEOUT_MS = 20_000;

const [modules, plan] = process.argv.slice(2);
const { path, channel, folder, installCode, image } = JSON.parse(plan);
const { Controller, setLogger } = createRequire(join(modules, "package.json"))("zigbee-herdsman");

const say = (step, facts) => console.log(JSON.stringify({ step, ...facts }));
const text = (message) => (typeof message === "function" ? message() : message);
const tell = (level) => (message, source) => console.error(`${level} ${source}: ${text(message)}`);
setLogger({ debug: () => {}, info: () => {}, warning: tell("warning"), error: tell("error") });

const controller = new Controller({
    network: { panID: 0x1a62, extendedPanID: [1, 2, 3, 4, 5, 6, 7, 8], channelList: [channel] },
    transport: { path, adapter: "ember" },
    databasePath: join(folder, "database.db"),
    databaseBackupPath: join(folder, "database.db.backup"),
    backupPath: join(folder, "coordinator_backup.json"),
    adapter: {},
    acceptJoiningDeviceHandler: async () => true,
});

const interviewed = () =>
    new Promise((resolve, reject) => {
        controller.on("deviceInterview", ({ device, status }) => {
            if (status === "successful") resolve(device);
            if (status === "failed") reject(new Error(`the interview of ${device.ieeeAddr} failed`));
        });
    });

async function letIn() {
    const found = interviewed();
    await controller.addInstallCode(installCode);
    await controller.permitJoin(PERMIT_S);
    say("permitted");
    const device = await found;
    const endpoints = device.endpoints.map(({ ID, profileID, inputClusters, outputClusters }) => ({
        number: ID,
        profile: profileID,
        in_clusters: inputClusters,
        out_clusters: outputClusters,
    }));
    const { ieeeAddr: eui64, modelID: model, manufacturerName: maker, type } = device;
    say("interviewed", { eui64, model, maker, type, endpoints });
    return device;
}

async function update(device) {
    const settings = { requestTimeout: REQUEST_TIMEOUT_MS, responseDelay: 0, baseSize: BLOCK_OCTETS };
    const [before, after] = await device.updateOta({ url: image }, undefined, undefined, {}, () => {}, settings);
    say("updated", { before: before.fileVersion, after: after?.fileVersion });
}

const result = await controller.start();
const [coordinator] = controller.getDevicesByType("Coordinator");
say("started", {
    result,
    eui64: coordinator.ieeeAddr,
    firmware: (await controller.getCoordinatorVersion()).meta,
    network: await controller.getNetworkParameters(),
});
if (installCode) {
    await update(await letIn());
}
await controller.stop();
say("stopped");
