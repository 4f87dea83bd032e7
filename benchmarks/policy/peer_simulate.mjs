// @cloud-copilot/iam-simulate as a peer: its quickest public entry, which checks nothing of its input, on one policy.
// node peer_simulate.mjs FOLDER-OF-ITS-PACKAGES WORKLOAD; speaks the protocol of peer.py.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { runUnsafeSimulation } = createRequire(process.argv[2] + "/")("@cloud-copilot/iam-simulate");
const PATIENCE = 2, LEAST = 4;
const workload = JSON.parse(readFileSync(process.argv[3], "utf8"));
const policy = { Version: "2012-10-17", Statement: workload.statements };
const questions = workload.requests.map(([action, resource]) => ({
  request: {
    principal: workload.user,
    action,
    resource: { resource, accountId: workload.account },
    contextVariables: workload.context,
  },
  identityPolicies: [{ name: "all", policy }],
  serviceControlPolicies: [],
  resourceControlPolicies: [],
}));
const ask = (question) => runUnsafeSimulation(question, {});

const seconds = () => Number(process.hrtime.bigint()) / 1e9;
const used = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

function measure(wanted) {
  let decided = 0, start = 0, size = 1;
  const wall = seconds(), cpu = used();
  for (;;) {
    const end = Math.min(start + size, questions.length);
    for (let n = start; n < end; n++) ask(questions[n]);
    decided += end - start;
    start = end % questions.length;
    const taken = seconds() - wall;
    if (taken > wanted) return [decided, Math.min(taken, used() - cpu)];
    if (start === 0 && taken < wanted / 50) size = Math.min(questions.length, size * 2);
  }
}

const answers = [];
const until = seconds() + PATIENCE;
for (const question of questions) {
  answers.push(ask(question) === "Allowed");
  if (answers.length >= LEAST && seconds() > until) break;
}
console.log(JSON.stringify(answers));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(measure(Number(line))));
}
