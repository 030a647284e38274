import { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { allEvasionAttacks } from '../../attacks/evasion/index.ts';
import { membershipAttacks } from '../../attacks/index.ts';
import { bytesText, clockText, columns, countText, jsonText, outputTo, wrap } from '../../cli/output.ts';
import { progressOn } from '../../cli/progress.ts';
import { kinds } from '../../cli/registries.ts';
import { didYouMean, distance } from '../../cli/suggest.ts';
import { VERSION } from '../../experiments/index.ts';
import { assert, suite } from '../harness.ts';
import { cleanEnv, inFolder, inProcess, keyhole, validJson } from './support.ts';

const test = suite('command line: text, lists, progress');

test('list: each kind, as text and as JSON', async () => {
  for (const kind of kinds) {
    const { items } = validJson(await inProcess(['list', kind, '--json']), 'keyhole.list/1');
    const text = await inProcess(['list', kind]);
    assert.is(text.code, 0);
    if (items.length === 0) assert.is(text.stdout, `There are no ${kind} yet.\n`);
    for (const { name, title } of items) assert.ok(text.stdout.includes(`${name}  ${title}`), name);
  }
  const names = async (kind: string) =>
    validJson(await inProcess(['list', kind, '--json']), 'keyhole.list/1').items.map((item) => item.name);
  assert.equal(await names('models'), ['softmax', 'mlp', 'mnist', 'mnist-tanh', 'mnist-strided', 'cifar']);
  assert.equal(await names('attacks'), Object.keys(membershipAttacks));
  assert.equal(await names('defences'), await names('defenses'));
  const { items } = validJson(await inProcess(['list', 'datasets', '--json']), 'keyhole.list/1');
  const missing = items.find(({ name }) => name === 'csv')!.options.find(({ name }) => name === 'missing');
  assert.equal(missing, { name: 'missing', type: 'refuse | drop | mean', default: null });
  const rows = items.find(({ name }) => name === 'synthetic-blobs')!.options[0];
  assert.equal(rows, { name: 'rows', type: 'number', default: 1000 });
});

test('list evasion: norms, what is sought, whether it aims, and a line for each option with its range', async () => {
  const { stdout } = await inProcess(['list', 'evasion']);
  const blocks = new Map(stdout.split(/\n\n(?=\S)/).map((block) => [block.split(' ')[0]!, block]));
  for (const { name, norms, targeted, seeks, options } of allEvasionAttacks) {
    const block = blocks.get(name)!.replaceAll(/\s+/g, ' ');
    assert.ok(
      block.includes(` norms ${norms.join(', ')} seeks ${seeks === 'within' ? 'what errs' : 'the smallest'}`),
      name,
    );
    assert.is(/aims at any wrong class, or a wanted one/.test(block), targeted, name);
    for (const [option, { about, kind, default: value, min, max }] of Object.entries(options)) {
      const range = kind === 'switch' ? '' : ` (${min} to ${max})`;
      assert.ok(block.includes(`${option}=${value}: ${about}${range}`), `${name}.${option}`);
    }
  }
  const { items } = validJson(await inProcess(['list', 'evasion', '--json']), 'keyhole.list/1');
  assert.equal(
    items.map(({ norms, targeted, seeks }) => [norms, targeted, seeks]),
    allEvasionAttacks.map(({ norms, targeted, seeks }) => [norms, targeted, seeks]),
  );
  for (const words of [['--help'], ['list', '--help']]) assert.match((await inProcess(words)).stdout, /evasion/);
});

test('info: as a process, JSON and text', () =>
  inFolder(async (folder) => {
    const env = cleanEnv(folder);
    const finished = await keyhole(['info', '--json'], { env });
    assert.is(finished.code, 0, finished.stderr);
    const info = validJson(finished, 'keyhole.info/1');
    assert.is(info.version, VERSION);
    assert.is(info.builds[0]!.available, true);
    assert.is(info.data.folder, env['KEYHOLE_DATA']);
    const text = await inProcess(['info'], { env });
    assert.match(text.stdout, /^kernels +base/m);
    assert.match(text.stdout, /^to fetch +mnist, fashion-mnist, /m);
  }));

test('--help for every command, --version', async () => {
  for (const words of [
    ['audit'],
    ['train'],
    ['epsilon'],
    ['calibrate'],
    ['data'],
    ['data', 'list'],
    ['data', 'check'],
    ['data', 'get'],
    ['attack'],
    ['evaluate'],
    ['evaluate', 'robustness'],
    ['list'],
    ['info'],
  ]) {
    const { code, stdout } = await inProcess([...words, '--help']);
    assert.is(code, 0);
    assert.match(stdout, new RegExp(`^Usage: keyhole ${words.join(' ')}`));
  }
  assert.is((await inProcess(['--version'])).stdout, `${VERSION}\n`);
});

test('the list of commands shows each as its own help does', async () => {
  const { stdout } = await inProcess(['--help'], { columns: 120 });
  const listed = [...stdout.matchAll(/^ {2}([a-z]+) (\[.*?) {2,}\S/gm)].map(([, name, usage]) => [name!, usage!]);
  assert.equal(
    listed.map(([name]) => name),
    [
      'audit',
      'train',
      'export',
      'attack',
      'evaluate',
      'epsilon',
      'delta',
      'calibrate',
      'run',
      'report',
      'data',
      'list',
      'info',
      'bench',
      'help',
    ],
  );
  for (const [name, usage] of listed.slice(0, -1)) {
    const own = (await inProcess([name!, '--help'])).stdout;
    assert.is(own.slice(0, own.indexOf('\n')), `Usage: keyhole ${name} ${usage}`);
  }
});

test('no line of text is wider than the terminal', async () => {
  for (const width of [80, 120]) {
    for (const args of [
      ['list', 'datasets'],
      ['list', 'attacks'],
      ['data', 'list'],
      ['audit', '--help'],
      ['train', '--help'],
      ['list', 'evasion'],
      ['attack', '--help'],
      ['evaluate', 'robustness', '--help'],
      'epsilon --sample-rate 0.01 --noise 1 --steps 1000 --delta 1e-5'.split(' '),
      'delta --sample-rate 0.01 --noise 1 --steps 1000 --epsilon 2'.split(' '),
      'calibrate --epsilon 3 --noise 1 --steps 1000 --delta 1e-5'.split(' '),
      ['data', 'check', 'digits'],
      ['audit', '--model', 'softmax', '--epochs', '1', '--quiet', '--no-colour'],
    ]) {
      const { stdout } = await inProcess(args, { columns: width });
      const longest = Math.max(...stdout.split('\n').map((line) => stripVTControlCharacters(line).length));
      assert.ok(longest <= width, `${args.join(' ')}: ${longest} of ${width}`);
    }
  }
});

test('messages are broken at spaces on a terminal, and left whole elsewhere', async () => {
  const args = ['audit', '--data', 'mnist'];
  const env = { KEYHOLE_DATA: '/nowhere', XDG_DATA_DIRS: '/nowhere' };
  const narrow = await inProcess(args, { columns: 40, env });
  assert.match(narrow.stderr, /^keyhole: mnist: expected its files under\n\/nowhere, found none\./);
  assert.match((await inProcess(args, { env })).stderr, /^keyhole: mnist: .* set KEYHOLE_DATA\.\n$/);
});

test('colours: only on a terminal, and not with --no-colour or NO_COLOR', async () => {
  const coloured = async (args: string[], options = {}) =>
    (await inProcess(['list', 'models', ...args], options)).stdout.includes('\x1b');
  assert.is(await coloured([], { columns: 80 }), true);
  assert.is(await coloured([]), false);
  assert.is(await coloured(['--no-colour'], { columns: 80 }), false);
  assert.is(await coloured(['--no-color'], { columns: 80 }), false);
  assert.is(await coloured([], { columns: 80, env: { NO_COLOR: '1' } }), false);
  assert.is(await coloured([], { env: { FORCE_COLOR: '1' } }), true);
});

test('progress: a bar on a terminal, quiet when asked to be', async () => {
  const args = ['train', '--model', 'softmax', '--epochs', '3'];
  const { stderr } = await inProcess(args, { columns: 80 });
  assert.match(stderr, /training {2}━+ {2}100 % {2}epoch 3\/3 {2}[\d,]+ steps\/s/);
  assert.is((await inProcess([...args, '--quiet'], { columns: 80 })).stderr, '');
});

test('progress: rate and time left count from where a resumed run began', async () => {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  const meter = progressOn(stream);
  const step = { phase: 'training', total: 1000, unit: 'steps' } as const;
  meter.update({ ...step, done: 900 });
  await wait(50);
  meter.update({ ...step, done: 901 });
  meter.stop();
  const [, rate] = /^training: 90 %, ([\d.]+) steps\/s, 0:0\d left\n$/.exec(text) ?? [];
  assert.ok(Number(rate) < 25, text);
});

test('names that are near, and those that are not', () => {
  const names = ['digits', 'mnist', 'fashion-mnist', 'cifar10'];
  assert.is(distance('kitten', 'sitting'), 3);
  assert.is(distance('ab', 'ba'), 1);
  assert.is(didYouMean('minst', names), " Did you mean 'mnist'?");
  assert.is(didYouMean('cifar-10', names), " Did you mean 'cifar10'?");
  assert.is(didYouMean('fash', names), " Did you mean 'fashion-mnist'?");
  assert.is(didYouMean('imagenet', names), '');
});

test('numbers, columns and JSON as people read them', () => {
  assert.equal([999, 62_253, 187_008_000].map(bytesText), ['999 B', '62 kB', '187 MB']);
  assert.equal([0.4, 75, 3675].map(clockText), ['0:00', '1:15', '1:01:15']);
  assert.equal([12, 1234, 1_234_567].map(countText), ['12', '1,234', '1,234,567']);
  assert.equal(wrap('one two three', 7), ['one two', 'three']);
  assert.is(
    columns(
      [
        ['a', 'x'],
        ['bbb', 'y'],
      ],
      80,
    ),
    '  a    x\n  bbb  y',
  );
  const value = { list: [1, -2.5, 3e-7], text: 'a [ 1, 2 ] b', empty: [], deep: [{ n: 1 }] };
  assert.match(jsonText(value), /^ {2}"list": \[1, -2\.5, 3e-7\],$/m);
  assert.equal(JSON.parse(jsonText(value)), value);
  const printed: string[] = [];
  const stdout = new Writable({
    write(chunk, _, done) {
      printed.push(String(chunk));
      done();
    },
  });
  const terminal = { stdout, stderr: stdout, env: {}, signal: new AbortController().signal };
  const output = outputTo(terminal, { json: true, quiet: true });
  output.print('text');
  output.note('hint');
  output.printJson([1]);
  assert.equal(printed, ['[1]\n']);
});
