// The watching thread of watchdog.ts. Plain JavaScript, so that it starts at once and without a loader.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const { shared, fields: FIELDS, nameAt, start } = workerData;
const fields = new Int32Array(shared, 0, Object.keys(FIELDS).length);

for (;;) {
  const beat = Atomics.load(fields, FIELDS.beat);
  const deadline = Atomics.load(fields, FIELDS.deadline);
  const now = Number((process.hrtime.bigint() - start) / 1_000_000n);
  if (deadline > 0 && now >= deadline) bite();
  Atomics.wait(fields, FIELDS.beat, beat, deadline > 0 ? deadline - now : Number.POSITIVE_INFINITY);
}

// process.stdout of a worker goes through the main thread, which is stuck: write to the descriptors themselves.
function bite() {
  const name = new TextDecoder().decode(new Uint8Array(shared, nameAt).slice(0, fields[FIELDS.nameBytes]));
  writeSync(2, `\nstuck in synchronous code: ${name}. The run is killed.\n`);
  writeSync(1, `\n${fields[FIELDS.passed]} passed, ${fields[FIELDS.failed] + 1} failed\n`);
  process.kill(process.pid, 'SIGKILL');
}
