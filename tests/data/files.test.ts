import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataFolder, findSet, folderSource } from '../../cli/files.ts';
import { loadSet } from '../../data/index.ts';
import { assert, suite } from '../harness.ts';
import { rejectsConfig } from './throws.ts';

const test = suite('data files on disk');

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhole-files-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a folder lists everything below it, a file only itself', () =>
  inFolder(async (folder) => {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    writeFileSync(join(folder, 'a', 'b', 'x.csv'), '1,0\n2,1');
    writeFileSync(join(folder, 'y'), 'y');
    const source = await folderSource(folder);
    assert.equal(await source.list(), ['a/b/x.csv', 'y']);
    assert.is(new TextDecoder().decode((await source.read('y'))!), 'y');
    assert.is(await source.read('z'), null);
    const single = await folderSource(join(folder, 'a', 'b', 'x.csv'));
    assert.equal(await single.list(), ['x.csv']);
    assert.is(single.describe('x.csv'), join(folder, 'a', 'b', 'x.csv'));
    assert.is(await single.read('y'), null);
    assert.is((await loadSet('csv', { source: single })).size, 2);
    await rejectsConfig(() => folderSource(join(folder, 'none')), /none: expected a folder or a file, there is none/);
  }));

test('sets are found under their names and aliases, and only when complete', () =>
  inFolder(async (folder) => {
    const env = { KEYHOLE_DATA: folder, XDG_DATA_DIRS: join(folder, 'system') };
    assert.is(await findSet('iris', { env }), null);
    mkdirSync(join(folder, 'iris'));
    writeFileSync(join(folder, 'iris', 'README.md'), 'nothing here');
    assert.is(await findSet('iris', { env }), null);
    mkdirSync(join(folder, 'uci-small'));
    writeFileSync(join(folder, 'uci-small', 'iris.csv.gz'), '');
    assert.is((await findSet('iris', { env }))!.describe(''), join(folder, 'uci-small'));
    mkdirSync(join(folder, 'system', 'datasets', 'location30'), { recursive: true });
    writeFileSync(join(folder, 'system', 'datasets', 'location30', 'dataset_location.tgz'), '');
    assert.ok(await findSet('location30', { env }));
    assert.is(await findSet('digits', { env }), null);
  }));

test('the data folder: KEYHOLE_DATA, else the cache folder of the system', () => {
  assert.is(dataFolder({ KEYHOLE_DATA: 'here', XDG_CACHE_HOME: 'cache' }), 'here');
  assert.is(dataFolder({ XDG_CACHE_HOME: 'cache' }), join('cache', 'keyhole'));
  assert.match(dataFolder({}, 'linux'), /\.cache.keyhole$/);
  assert.match(dataFolder({}, 'darwin'), /Library.Caches.keyhole$/);
  assert.is(dataFolder({ LOCALAPPDATA: 'local' }, 'win32'), join('local', 'keyhole'));
});
