// A job worker as firms have them, written for Camunda 8: nothing in it knows of the hub.
import { Camunda8 } from '@camunda8/sdk';

const camunda = new Camunda8();
const client = camunda.getCamundaRestClient();

const topology = await client.getTopology();
const report = { clusterSize: topology.clusterSize, done: [], failures: 0, errors: 0 };

const worker = client.createJobWorker({
  type: 'weigh-truck',
  worker: 'scale-node',
  maxJobsToActivate: 5,
  timeout: 30_000,
  jobHandler: async (job) => {
    if (job.variables.truck === 'FAILS' && job.retries === 3) {
      report.failures += 1;
      return job.fail({ errorMessage: 'the scale was not ready', retries: 2 });
    }
    if (job.variables.truck === 'BROKEN') {
      report.errors += 1;
      return job.error({ errorCode: 'SCALE_BROKEN', errorMessage: 'no power' });
    }
    report.done.push({ key: job.jobKey, truck: job.variables.truck, scale: job.customHeaders.scale });
    return job.complete({ weight: 18.4 });
  },
});

report.instances = [];
for (const truck of ['A-1', 'FAILS', 'BROKEN']) {
  const started = await client.createProcessInstance({ processDefinitionId: 'weigh', variables: { truck } });
  report.instances.push(started.processInstanceKey);
}
const published = await client.publishMessage({
  name: 'paid', correlationKey: 'SO-1', timeToLive: 1000, variables: { amount: 5 },
});
report.message = published.messageKey;

const deadline = Date.now() + 30_000;
while (report.done.length + report.errors < 3 && Date.now() < deadline) await new Promise((go) => setTimeout(go, 50));
await new Promise((go) => setTimeout(go, 500));
await worker.stop();
console.log(`REPORT ${JSON.stringify(report)}`);
process.exit(0);
