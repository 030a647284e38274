import { build } from 'esbuild';
import { encode as encodePng } from 'fast-png';
import { gzipSync } from 'fflate';
import jpeg from 'jpeg-js';
import type * as Data from '../../data/index.ts';
import { assert, suite } from '../harness.ts';

const test = suite('data in a browser');

async function bundled(): Promise<{ code: string; inputs: string[] }> {
  const result = await build({
    entryPoints: ['data/index.ts'],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'data',
    conditions: ['keyhole-source'],
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return { code: result.outputFiles[0]!.text, inputs: Object.keys(result.metafile.inputs) };
}

test('the bundle for browsers resolves, and reads files without Node', async () => {
  // esbuild fails on a Node built-in; what libraries reach for at run time is hidden here.
  const { code, inputs } = await bundled();
  assert.ok(inputs.includes('engine/platform/browser.ts'));
  const hidden = ['Buffer', 'process', 'require', 'module', 'global', '__dirname'];
  const data = new Function(...hidden, `${code}; return data;`)() as typeof Data;
  const text = new TextEncoder().encode('a,b,y\n1,"x, z",0\n2,w,1\n');
  assert.equal(data.readCsv(text, 'f').rows[0], ['1', 'x, z', '0']);
  assert.equal(await data.gunzip(gzipSync(text) as Data.Bytes, 'f'), text);
  assert.equal(
    data.readPicture(encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(9) }), 'f').data,
    Uint8Array.of(9),
  );
  const grey = jpeg.encode({ width: 8, height: 8, data: new Uint8Array(256).fill(128) }, 90).data;
  assert.is(data.readPicture(new Uint8Array(grey), 'f').width, 8);
  const x = { shape: [2], data: Float32Array.of(1, 2) };
  assert.equal([...data.readNpz(data.writeNpz({ x }), 'f').keys()], ['x']);
});
