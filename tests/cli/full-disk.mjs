// Preloaded into a child: files whose path contains KEYHOLE_TEST_FULL cannot be written, as on a full disk.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const pattern = new RegExp(process.env.KEYHOLE_TEST_FULL);
const { open } = fs.promises;
fs.promises.open = async (path, flags, ...rest) => {
  const handle = await open(path, flags, ...rest);
  if (flags === 'w' && pattern.test(String(path))) {
    handle.writeFile = async (data) => {
      // Some bytes still fit.
      await handle.write(Buffer.from(data).subarray(0, 100));
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
        code: 'ENOSPC',
        errno: -28,
        syscall: 'write',
      });
    };
  }
  return handle;
};
syncBuiltinESMExports();
