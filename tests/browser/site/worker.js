// The same work in a module worker.
import * as keyhole from './keyhole/keyhole.js';
import * as work from './work.js';

self.onmessage = async ({ data: [name, args] }) => {
  // biome-ignore lint/performance/noDynamicNamespaceImportAccess: nothing is bundled here
  postMessage(await work[name](keyhole, ...args));
};
