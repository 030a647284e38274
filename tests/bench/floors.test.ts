/** A kernel that has become much slower fails here, on any machine: rates as shares of a loop measured beside them. */
import { checkFloor, complaint, type Floor, floors } from '../../bench/floors.ts';
import { benchNames, runnableBuilds } from '../../bench/index.ts';
import { assert, suite } from '../harness.ts';

const test = suite('floors of speed');

for (const floor of floors) {
  test(
    `${floor.row}: at least ${floor.base} (base) and ${floor.relaxed} (relaxed) of the ${floor.against} loop`,
    async () => {
      for (const build of runnableBuilds()) {
        const result = await checkFloor(floor, build);
        assert.ok(result.passes, complaint(result));
      }
    },
    { timeout: 120_000 }, // a pass takes a second or two; the rest is for machines with much else to do
  );
}

test('the table names rows that are there, each once, with floors above nothing', () => {
  const names = new Set(benchNames());
  for (const { row, base, relaxed } of floors) assert.ok(names.has(row) && base > 0 && relaxed > 0, row);
  assert.is(new Set(floors.map((f) => f.row)).size, floors.length);
});

test('a row below its floor says which, by how much, and what to do', async () => {
  const beyond: Floor = { row: 'sgemm/64x64x64', against: 'peak', base: 1.5, relaxed: 1.5 };
  const result = await checkFloor(beyond, 'base', { turns: 2 });
  assert.not(result.passes);
  assert.ok(result.ratio > 0.1 && result.ratio < 1.5, String(result.ratio));
  assert.match(
    complaint(result),
    /^sgemm\/64x64x64 \(base\): expected at least 1\.5 of the peak loop's rate, got 0\.\d+\. .*keyhole bench '\^sgemm/,
  );
  assert.not(
    (await checkFloor({ ...beyond, row: 'relu/n256000', against: 'copy', base: 50 }, 'base', { turns: 1 })).passes,
  );
});

test('an unknown row is refused', async () => {
  const lost: Floor = { row: 'sgem/64', against: 'peak', base: 1, relaxed: 1 };
  assert.match(
    String(await checkFloor(lost, 'base').catch((error: unknown) => error)),
    /expected the name of a row, got 'sgem\/64'/,
  );
});
