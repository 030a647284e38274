// The same work in a module worker.
import * as keyhole from './keyhole/keyhole.js';
import { everything } from './work.js';

postMessage(await everything(keyhole));
