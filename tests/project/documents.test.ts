/** What the documents show is run: README code, pages with code, the examples, and pages that are generated are not stale. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, suite } from '../harness.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fromSource = ['--conditions=keyhole-source', '--import', 'tsx'];

function run(file: string, args: readonly string[] = []): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...fromSource, file, ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.is(status, 0, `${file}: ${stderr}`);
  return stdout;
}

const examples = suite('every example runs');
for (const file of readdirSync(join(root, 'bench/examples')).filter((f) => f.endsWith('.ts'))) {
  examples(
    file,
    () => {
      assert.ok(run(join(root, 'bench/examples', file)).length > 0, 'expected it to print something');
    },
    { timeout: 60_000 },
  );
}

const readme = suite('README');
const text = readFileSync(join(root, 'README.md'), 'utf8');

/** Of a fence. */
const blocksOf = (page: string, language: string) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (m) => m[1]!,
  );

/** Inside the repository, so that the package finds itself by its name. */
function runBlocks(blocks: readonly string[]): string[] {
  assert.ok(blocks.length > 0);
  const folder = mkdtempSync(join(root, 'tests/readme-'));
  try {
    return blocks.map((block, i) => {
      const file = join(folder, `block-${i}.ts`);
      writeFileSync(file, block);
      return run(file);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const page of ['README.md', 'docs/attack-a-model.md', 'docs/export.md'])
  readme(`the code of ${page} runs as written`, () => void runBlocks(blocksOf(page, 'ts')), { timeout: 60_000 });

/** Modules of docs/browser.md, and what they are bundled from. */
const MODULES: Readonly<Record<string, string>> = {
  keyhole: 'experiments/browser.ts',
  evasion: 'attacks/evasion/index.ts',
};

readme(
  'the page of docs/attack-a-model.md, with the sources in place of the bundles',
  () => {
    const [block] = blocksOf('docs/attack-a-model.md', 'js');
    const fromSources = block!.replaceAll(
      /'\.\/keyhole\/(\w+)\.js'/g,
      (_, name: string) => `'${join(root, MODULES[name]!)}'`,
    );
    const page = 'const output = { textContent: "" };\nconst document = { querySelector: () => output };\n';
    const [said] = runBlocks([`${page}${fromSources}\nconsole.log(output.textContent);`]);
    assert.match(said!, /^\d is read as \d\n$/);
  },
  { timeout: 60_000 },
);

readme('shows the two commands', () => {
  assert.ok(text.includes('npm install && npm start'));
  assert.ok(text.includes('npm install && npm test'));
});

readme('links to files that exist', () => {
  const files = new Set(spawnSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).stdout.split('\n'));
  const folders = new Set(
    [...files].flatMap((f) => f.split('/').map((_, i, parts) => `${parts.slice(0, i).join('/')}/`)),
  );
  for (const page of [...files].filter((f) => f === 'README.md' || /^docs\/[a-z-]+\.md$/.test(f))) {
    const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
      (m) => m[1]!,
    );
    for (const link of links) {
      const path = new URL(link, `file:///${page}`).pathname.slice(1);
      assert.ok(files.has(path) || folders.has(path), `${page} links to ${link}, which is not there`);
    }
  }
});

const generated = suite('generated pages');
generated(
  'docs/api.md, docs/tables.md, docs/benchmarks.md and the pages of kept experiments are what npm run docs writes',
  () => {
    run(join(root, 'scripts/docs.ts'), ['--check']);
  },
  { timeout: 60_000 },
);
